#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Prints the table of planted mistakes: what the plain and the checked emulator say of each, in eight runs (four
# schedules, two modes of asynchronous copies), and the checked one's report. Fails where a mistake was missed.
set -euo pipefail
cd "$(dirname "$0")/.."
for preset in emulated emulated-checked; do
  scripts/build.sh "$preset" emulator_bug_table >&2
  "build/$preset/bin/emulator_bug_table" >"build/$preset/bugs.tsv"
done
paste build/emulated/bugs.tsv build/emulated-checked/bugs.tsv | awk -F'\t' '
  BEGIN { printf "%-56s %-17s %-17s %s\n", "planted", "plain", "checked", "report of the checked build" }
  {
    report = $6
    sub(/.*unspecified launch failure: /, "", report)
    printf "%-56s %-17s %-17s %s\n", $1, $2, $5, report
    clean = $1 ~ /\(clean\)$/
    mistakes += !clean
    missed += !clean && $5 == "-"
    false_alarms += clean && ($2 != "-" || $5 != "-")
  }
  END {
    printf "%d planted, %d missed by the checked build; %d false alarms\n", mistakes, missed, false_alarms
    exit missed + false_alarms > 0
  }'
