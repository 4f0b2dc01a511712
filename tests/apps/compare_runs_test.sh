#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# sluice-compare on made-up runs: its numbers, its picture, and what it says of folders that are no runs.
source "$(dirname "$0")/expect.sh"
header=epoch,step,train_loss,train_accuracy,test_loss,test_accuracy,flooded_fraction,learning_rate,images_per_second,seconds
make_run() { # folder, flood level
  mkdir -p "$1"
  printf 'model="resnet20"\ndataset="cifar10"\nflood-level="%s"\n' "$2" >"$1/config.toml"
  printf '%s\n' "$header" 1,10,1.5,0.5,1.25,0.625,0,0.1,900,7 2,20,0.5,0.75,1.125,0.75,0.25,0.1,900,14 \
    3,30,0.375,0.875,1.375,0.6875,0.5,0.1,900,21.4 >"$1/metrics.csv"
}
make_run plain 0
make_run flooded 0:0.5,2:0.25
make_run other/plain 0
compare=$bin/sluice-compare

expect 0 '^ +plain +flooded$' "$compare" plain flooded/
expect 0 '^flood level +none +0:0.5,2:0.25$' "$compare" plain flooded
expect 0 '^train loss +0.3750 +0.3750$' "$compare" plain flooded
expect 0 '^flooded batches +50.00 % +50.00 %$' "$compare" plain flooded
expect 0 '^test loss +1.3750$' "$compare" plain
expect 0 '^  best \(epoch\) +1.1250 \(2\)$' "$compare" plain
expect 0 '^test accuracy +68.75 %$' "$compare" plain
expect 0 '^  best \(epoch\) +75.00 % \(2\)$' "$compare" plain
expect 0 '^seconds +21$' "$compare" plain
expect 0 '^ +plain +other/plain$' "$compare" plain other/plain

if command -v gnuplot >/dev/null; then
  expect 0 'both.svg' "$compare" plain flooded --out both.svg
  check "the picture names model, data set and runs" grep -q 'resnet20 on cifar10' both.svg
  check "and the second run" grep -q '<text>flooded</text>' both.svg
  expect 1 'warning: absent/both.svg was not drawn' "$compare" plain --out absent/both.svg
fi
expect 2 "--out: 'both.pdf' must end in .svg or .png" "$compare" plain --out both.pdf

expect 2 'runs is required' "$compare"
expect 2 "no option '--ouf'.*'--out'" "$compare" plain --ouf x
expect 3 'no absent/config.toml; is absent a run folder' "$compare" plain absent
printf '%s\n' "$header" >flooded/metrics.csv
expect 3 'flooded/metrics.csv holds no epoch yet' "$compare" plain flooded
printf '%s\n' "$header" 1,10,x,0,0,0,0,0,0,0 >flooded/metrics.csv
expect 3 "flooded/metrics.csv, line 2: train_loss expects a number, got 'x'" "$compare" flooded
rm flooded/metrics.csv
expect 3 'flooded/metrics.csv: can.t open it: No such file' "$compare" flooded
finish
