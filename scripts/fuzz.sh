#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Fuzzes the readers of what comes from outside (tests/fuzz): for some seconds in all, or by a number of executions.
#   scripts/fuzz.sh [SECONDS] [DOOR...]          default: 30 seconds, every door
#   FUZZ_RUNS=2000000 scripts/fuzz.sh [SECONDS] [DOOR...]     so many executions of each door, and at most SECONDS of each
# It starts from seeds that the doors make, from what earlier calls came to (build/fuzz/corpus) and from the kept inputs of
# tests/fuzz/regressions. An input that fails is left in build/fuzz/found: fix the reader, and keep the input.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:-30}
shift || true
if ! command -v clang++-16 >/dev/null; then
  echo "fuzz: SKIPPED, there is no clang++-16; scripts/setup.sh --fuzz installs it"
  exit 0
fi
scripts/build.sh fuzz sluice-fuzz
fuzzer=build/fuzz/bin/sluice-fuzz
doors=("$@")
((${#doors[@]} > 0)) || mapfile -t doors < <("$fuzzer" --doors)
each=$((seconds / ${#doors[@]}))
[[ -z ${FUZZ_RUNS:-} ]] || each=$seconds
((each > 0)) || each=1
export UBSAN_OPTIONS=print_stacktrace=1
mkdir -p build/fuzz/found
failed=0
for door in "${doors[@]}"; do
  corpus=build/fuzz/corpus/$door kept=tests/fuzz/regressions/$door log=build/fuzz/$door.log
  mkdir -p "$corpus"
  "$fuzzer" --door="$door" --seeds="$corpus"
  [[ -d $kept ]] || kept=
  code=0
  # Seconds count from the first input that is no seed. Inputs are small; more than 1 GB for one is a fault.
  "$fuzzer" --door="$door" "$corpus" $kept -max_total_time="$each" -runs="${FUZZ_RUNS:--1}" -timeout=10 -rss_limit_mb=1024 \
    -print_final_stats=1 -artifact_prefix="build/fuzz/found/$door-" >"$log" 2>&1 || code=$?
  runs=$(sed -n 's/stat::number_of_executed_units: *//p' "$log")
  echo "fuzz: $door: ${runs:-?} executions, $(find "$corpus" -type f | wc -l) inputs"
  if ((code != 0)); then
    failed=1
    grep -vE '^(#[0-9]+|INFO)' "$log" | head -n 40
    echo "fuzz: $door FAILED; the input is build/fuzz/found/$door-*, the whole log is $log"
  fi
done
exit $failed
