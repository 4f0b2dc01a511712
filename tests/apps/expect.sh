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
newest() { ls -d "$1"/checkpoints/step-* | tail -n 1; }
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

# stop_within_epoch FOLDER BATCHES COMMAND...: runs COMMAND, which trains into FOLDER, in its log FOLDER.log, and interrupts
# it after its first epoch, until an interrupt comes in the middle of an epoch of BATCHES batches. (Of itself, a script's
# background job ignores SIGINT.)
stop_within_epoch() {
  local folder=$1 batches=$2 attempt pid code step within=false
  shift 2
  for attempt in 1 2 3 4 5 6; do
    rm -rf "$folder"
    env --default-signal=INT "$@" >"$folder.log" 2>&1 </dev/null &
    pid=$!
    while kill -0 $pid 2>/dev/null && [[ ! -s $folder/metrics.csv || $(wc -l <"$folder/metrics.csv") -lt 2 ]]; do sleep 0.01; done
    kill -INT $pid 2>/dev/null || true
    code=0
    wait $pid || code=$?
    [[ $code == 0 ]] && continue # It was done before the signal came.
    step=$(basename "$(newest "$folder")")
    ((10#${step#step-} % batches == 0)) && continue # It came as an epoch ended.
    within=true
    break
  done
  check "$folder was interrupted in the middle of an epoch (attempt $attempt)" $within
  check "and exits with 130" test $code = 130
}

finish() {
  ((failures == 0)) || { echo "$failures failed"; exit 1; }
}
