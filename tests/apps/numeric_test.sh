#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Numbers that are not finite: no such state is ever kept, no accuracy is made up of them, and the exit code is 4.
source "$(dirname "$0")/expect.sh"
train=("$bin/sluice-train" --dataset shapes10 --train-images 96 --test-images 32 --batch-size 32 --epochs 2 --schedule constant
  --weight-decay 0 --threads 1)
# finite RUN: the newest checkpoint holds finite weights and running statistics.
finite() {
  local file
  file=$(newest "$1")/model.safetensors
  test -s "$file" && test "$(od -An -v -tf4 "$file" | grep -ciE 'nan|inf')" = 0
}

# Gradients are looked at before a step is applied: the state before it is kept, whatever the step is made of.
ways=("" "--sam 0.05" "--accumulate 4" "--ema 0.9" "--clip-norm 1e30")
for i in "${!ways[@]}"; do
  # shellcheck disable=SC2086
  expect 4 'gradient of .* is not finite in epoch 1, step .*the state before this step is saved in r' \
    "${train[@]}" --model resnet20 --learning-rate 1e16 ${ways[i]} --out "r$i"
  check "what '${ways[i]}' left is finite" finite "r$i"
done
before=$(weights r0)
expect 4 'gradient of .* is not finite in epoch 1, step' "$bin/sluice-train" --resume --out r0
check "going on ends there again, and nothing else is kept" test "$before" = "$(weights r0)"
expect 4 'the loss is (nan|infinite) in epoch 1, step [23], .*nothing was saved' "${train[@]}" --model resnet20 --learning-rate 1e30 --out lost
check "weights that gave such a loss are not kept" test -z "$(ls lost/checkpoints)"

# Ruined in the second epoch: the state of the first stays the newest.
expect 4 'weights are not finite after step 6,.*last finite state is in epochs/checkpoints/step-000000003' \
  "${train[@]}" --model mlp --learning-rate 1e3 --out epochs
check "and is finite" finite epochs

# The last update ruins the weights, of two: no step comes after it to notice.
expect 4 'loss on the test images is nan after step 2' "${train[@]}" --model mlp --train-images 64 \
  --epochs 1 --learning-rate 1e8 --out last
check "no row claims anything of it" test "$(wc -l <last/metrics.csv)" = 1

# Weights that are not numbers, from elsewhere.
expect 0 'epoch' "${train[@]}" --model mlp_paper --learning-rate 0.01 --out good
cp "$(newest good)/model.safetensors" ruined.safetensors
size=$(stat -c %s ruined.safetensors)
printf '\x00\x00\xc0\xff' | dd of=ruined.safetensors bs=1 seek=$((size - 4)) conv=notrunc status=none
# The checksum would refuse them: under another name it is only a remark.
sed -i "s/sluice\.crc32/sluice_crc32/" ruined.safetensors
expect 4 'the loss is nan; [1-9][0-9]* of 32 images' "$bin/sluice-eval" ruined.safetensors --json ruined.json
expect 4 'accuracy nan' "$bin/sluice-eval" ruined.safetensors
check "JSON says null" grep -q '"accuracy": null' ruined.json
check "also by class" test "$(grep -c null ruined.json)" = 12
cp -r good nan && sed -i '3s/^\(2,[0-9]*,[^,]*,[^,]*\),[^,]*,/\1,-nan,/' nan/metrics.csv
expect 4 'nan: a loss of epoch 2 is not finite' "$bin/sluice-compare" good nan
check "'-nan' is not printed" bash -c "! '$bin/sluice-compare' good nan 2>&1 | grep -q -- '-nan'"
finish
