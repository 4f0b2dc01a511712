# SPDX-License-Identifier: Apache-2.0
# Sourced by the tests that run the programs as a user does. SLUICE_BIN names the folder of the programs.
set -euo pipefail
bin=${SLUICE_BIN:?the folder of the programs}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cd "$work"
failures=0

# expect CODE PATTERN COMMAND...: the command exits with CODE and prints (on stdout or stderr) what the extended regular
# expression PATTERN matches.
expect() {
  local code=$1 pattern=$2 got=0 output
  shift 2
  output=$("$@" 2>&1 </dev/null) || got=$?
  if [[ $got != "$code" ]] || ! grep -qE -- "$pattern" <<<"$output"; then
    echo "FAILED: $*"
    echo "  expected exit $code and /$pattern/, got exit $got and:"
    sed 's/^/  | /' <<<"$output" | tail -n 12
    failures=$((failures + 1))
  else
    echo "ok: exit $got: $(grep -m1 -E -- "$pattern" <<<"$output" | cut -c1-180)"
  fi
}

# check DESCRIPTION COMMAND...: the command succeeds.
check() {
  local what=$1
  shift
  if "$@"; then echo "ok: $what"; else echo "FAILED: $what"; failures=$((failures + 1)); fi
}

# newest FOLDER: the newest checkpoint of a run. weights FOLDER: a sum over its weights.
newest() { ls -d "$1"/checkpoints/step-????????? | tail -n 1; }
weights() { sha256sum <"$(newest "$1")/model.safetensors"; }

# safetensors FILE NAME COUNT BYTES...: a file with one tensor of COUNT f32, of those bytes in turns.
safetensors() {
  local i turns=("${@:4}")
  local header="{\"$2\":{\"dtype\":\"F32\",\"shape\":[$3],\"data_offsets\":[0,$((4 * $3))]}}"
  {
    printf "\\x$(printf %x ${#header})\\0\\0\\0\\0\\0\\0\\0%s" "$header"
    for ((i = 0; i < $3; i++)); do printf "${turns[i % ${#turns[@]}]}"; done
  } >"$1"
}

finish() {
  ((failures == 0)) || { echo "$failures failed"; exit 1; }
}
