#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# sluice-analyze on runs of sluice-train: what it writes agrees with what the runs and sluice-eval say.
source "$(dirname "$0")/expect.sh"
small=(--dataset shapes10 --model mlp_paper --train-images 96 --test-images 64 --batch-size 32 --learning-rate 0.05 --epochs 3
  --threads 1)
expect 0 'epoch' "$bin/sluice-train" "${small[@]}" --label-noise 0.25 --out noisy
expect 0 'epoch' "$bin/sluice-train" "${small[@]}" --flood-level 1 --ema 0.5 --validation 0.25 --out flooded

expect 0 'memorised' "$bin/sluice-analyze" noisy --points 5 --grid 3 --images 40 --threads 1
for file in analysis.json calibration.csv landscape_line.csv landscape_plane.csv reliability.svg landscape_line.svg \
  landscape_plane-noisy.svg; do check "$file is there" test -s "noisy/analysis/$file"; done
check "a quarter of the labels was wrong" grep -q '"wrong_labels": 24' noisy/analysis/analysis.json
check "the line has its points" test "$(wc -l <noisy/analysis/landscape_line.csv)" = 6
check "the plane has its points" test "$(wc -l <noisy/analysis/landscape_plane.csv)" = 10
check "the bins hold every test image" test "$(awk -F, '{ n += $4 } END { print n }' noisy/analysis/calibration.csv)" = 64
# The loss at the checkpoint itself is the last one of metrics.csv, which was measured on the same images.
loss=$(tail -n 1 noisy/metrics.csv | cut -d, -f5 | cut -c1-7)
check "the test loss is that of the run" grep -qF "\"loss\": $loss" noisy/analysis/analysis.json

expect 0 'flooded' "$bin/sluice-analyze" noisy flooded --points 3 --images 32 --out both --threads 1
check "averaged weights are what is analysed" grep -q 'average.safetensors' both/analysis.json
check "without noise nothing was memorised" grep -q '"memorised_fraction": null' both/analysis.json
check "two runs are drawn together" test -s both/gradient_norms.svg
expect 0 'flooded' "$bin/sluice-analyze" noisy flooded --points 3 --images 32 --out again --threads 1
check "and the same again" cmp both/landscape_line.csv again/landscape_line.csv

expect 2 'several runs need.*--out' "$bin/sluice-analyze" noisy flooded
expect 2 "two runs are called 'noisy'" "$bin/sluice-analyze" noisy ./noisy --out x
expect 2 'runs is required' "$bin/sluice-analyze"
expect 2 'grid 1.*two points' "$bin/sluice-analyze" noisy --grid 1
expect 2 'radius.*above 0' "$bin/sluice-analyze" noisy --radius 0
expect 5 'nowhere holds no run' "$bin/sluice-analyze" nowhere
mkdir begun && cp noisy/config.toml begun
expect 5 'begun holds no checkpoint' "$bin/sluice-analyze" begun
cp -r noisy other && sed -i 's/^model = .*/model = "resnet20"/' other/config.toml
expect 5 'other.*(missing|unexpected)' "$bin/sluice-analyze" other
expect 0 'radius' "$bin/sluice-analyze" --help
finish
