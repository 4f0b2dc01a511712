#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What is left after the last full batch is chosen before training: no run ends on it in the first epoch.
source "$(dirname "$0")/expect.sh"
train=("$bin/sluice-train" --dataset shapes10 --model mlp_paper --test-images 32 --epochs 1 --learning-rate 0.01 --overwrite --out r)
steps() { tail -n 1 r/metrics.csv | cut -d, -f2; }

expect 0 'last batch: the 1 left are merged' "${train[@]}" --train-images 65 --batch-size 32
check "one image more is no third step" test "$(steps)" = 2
expect 0 '1/1' "${train[@]}" --train-images 65 --batch-size 32 --last-batch drop
check "nor is one that is dropped" test "$(steps)" = 2
expect 2 'last batch of 1 image; the batch norm of mlp_paper needs 2.*--last-batch merge or drop' \
  "${train[@]}" --train-images 65 --batch-size 32 --last-batch keep
expect 0 '1/1' "${train[@]}" --train-images 66 --batch-size 32
check "two images are a step of their own" test "$(steps)" = 3
expect 0 '1/1' "${train[@]}" --train-images 65 --batch-size 32 --model mlp_mnist
check "without batch norm one is" test "$(steps)" = 3
expect 0 'last batch: the 1 left are merged' "${train[@]}" --train-images 75 --validation 0.14 --batch-size 32 # A split that leaves 65.

expect 2 'accumulate 32 cuts a batch of 32 into micro-batches of 1 image.*choose 16 or less' \
  "${train[@]}" --train-images 64 --batch-size 32 --accumulate 32
expect 0 '1/1' "${train[@]}" --train-images 67 --batch-size 32 --accumulate 16
expect 2 'batch-size 1 makes batches of 1 image' "${train[@]}" --train-images 64 --batch-size 1
expect 2 'drop leaves no batch' "${train[@]}" --train-images 20 --batch-size 32 --last-batch drop
expect 0 'mlp_mnist-bn' "$bin/sluice-flood-study" shapes10 --model mlp_mnist-bn --train-images 41 --test-images 10 --validation 0.2 \
  --batch-size 16 --epochs 1 --levels 0,1 --out study
finish
