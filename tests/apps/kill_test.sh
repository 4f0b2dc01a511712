#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# A run that is killed (SIGKILL) at ten random moments, and resumed each time, ends with the weights of an unbroken run.
source "$(dirname "$0")/expect.sh"
options=(--dataset shapes10 --model resnet20 --train-images 256 --test-images 32 --batch-size 32 --epochs 12 --augment crop,flip,cutout
  --flood-level 0.3 --learning-rate 0.05)
"$bin/sluice-train" "${options[@]}" --out whole >/dev/null
took=$(tail -n 1 whole/metrics.csv | cut -d, -f10)

RANDOM=${SEED:-1}
kills=0
while ((kills < 10)); do
  if [[ -e broken/config.toml ]]; then arguments=(--resume --out broken); else arguments=("${options[@]}" --tuning whole/tuning.json --overwrite --out broken); fi
  "$bin/sluice-train" "${arguments[@]}" >>broken.log 2>&1 &
  pid=$!
  sleep "$(awk -v t="$took" -v r=$RANDOM 'BEGIN { print 0.05 + t / 6 * r / 32768 }')"
  kill -KILL $pid 2>/dev/null || true
  wait $pid 2>/dev/null || true
  kills=$((kills + 1))
done
expect 0 '.' "$bin/sluice-train" --resume --out broken
check "ten kills left the weights of an unbroken run" cmp "$(newest whole)/model.safetensors" "$(newest broken)/model.safetensors"
check "and its metrics" diff <(cut -d, -f1-8 whole/metrics.csv) <(cut -d, -f1-8 broken/metrics.csv)
finish
