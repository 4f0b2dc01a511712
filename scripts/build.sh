#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Configures and builds a preset; shows how far it is, and more where something fails.
#   scripts/build.sh [PRESET [TARGET...]]
# SLUICE_WERROR=1 makes warnings errors.
set -euo pipefail
case ${1:-} in -h | --help) sed -n '3,5s/^# //p' "$0"; exit 0 ;; esac
cd "$(dirname "$0")/.."
preset=${1:-cpu}
shift || true
[[ " $(cmake --list-presets 2>/dev/null) " == *"\"$preset\""* ]] || {
  echo "build: there is no preset '$preset'; cmake --list-presets lists them" >&2
  exit 2
}
log=build/$preset.log
mkdir -p build
source scripts/environment.sh
# A clone in another folder compiles the same things: let it find them in the compiler cache.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=true

# Shows the last [42/135] or [ 31%] of the build's output: on a terminal in place, elsewhere at each tenth.
progress() {
  awk -v terminal="$([[ -t 1 ]] && echo 1)" -v preset="$preset" '
    match($0, /^\[[0-9]+\/[0-9]+\]/) { split(substr($0, 2, RLENGTH - 2), part, "/"); percent = int(100 * part[1] / part[2]) }
    match($0, /^\[ *[0-9]+%\]/) { percent = substr($0, 2, RLENGTH - 3) + 0 }
    terminal && percent != shown { printf "\rbuilding %s: %3d %%", preset, percent; shown = percent }
    !terminal && percent >= shown + 10 { shown = percent - percent % 10; printf "building %s: %d %%\n", preset, shown }
    { fflush() }
    END { if (terminal && shown) print "" }'
}

options=()
[[ -z ${SLUICE_WERROR:-} ]] || options+=(-DSLUICE_WERROR=ON)
[[ -e build/$preset/CMakeCache.txt ]] || ! command -v ninja >/dev/null || options+=(-G Ninja)
echo "building $preset: some minutes the first time; the log is $log"
if ! { cmake --preset "$preset" "${options[@]}" && cmake --build --preset "$preset" --parallel "$(nproc)" ${1:+--target "$@"}; } 2>&1 |
  tee "$log" | progress; then
  grep -nE 'error|FAILED|CMake Error' -A 5 "$log" | tail -n 60 >&2 || tail -n 30 "$log" >&2
  echo "building failed; the whole log is $log" >&2
  exit 1
fi
