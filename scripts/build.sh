#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Configures and builds a preset; quiet unless something fails.   scripts/build.sh [PRESET [TARGET...]]
set -euo pipefail
cd "$(dirname "$0")/.."
preset=${1:-cpu}
shift || true
log=build/$preset.log
mkdir -p build
# A clone in another folder compiles the same things: let it find them in the compiler cache.
export CCACHE_BASEDIR=$PWD CCACHE_NOHASHDIR=true
echo "building ($preset; the log is $log)"
if ! { cmake --preset "$preset" && cmake --build --preset "$preset" ${1:+--target "$@"}; } >"$log" 2>&1; then
  grep -nE 'error|FAILED|CMake Error' -A 5 "$log" | tail -n 60 >&2 || tail -n 30 "$log" >&2
  echo "building failed; the whole log is $log" >&2
  exit 1
fi
