#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# sluice-train and sluice-eval on generated images: what a run leaves behind, that it repeats and goes on bit for bit.
source "$(dirname "$0")/expect.sh"
small=(--dataset shapes10 --train-images 192 --test-images 64 --batch-size 32 --learning-rate 0.02)

expect 0 'epoch' "$bin/sluice-train" "${small[@]}" --model resnet20 --epochs 3 --augment crop,flip --flood-level 0.5 --out a
for file in config.toml metrics.csv curves.svg tuning.json; do check "a/$file is there" test -s "a/$file"; done
check "TensorBoard events are there" compgen -G 'a/events.out.tfevents.*' >/dev/null
expect 0 'are in last; sluice-eval last' "$bin/sluice-train" "${small[@]}" --model mlp_paper --epochs 1 --out last
check "metrics.csv has its header" grep -q '^epoch,step,train_loss,train_accuracy,test_loss,test_accuracy,flooded_fraction,learning_rate,images_per_second,seconds' a/metrics.csv
check "metrics.csv has a row an epoch" test "$(wc -l <a/metrics.csv)" = 4

# The same again, by its configuration: the same bits.
expect 0 'epoch' "$bin/sluice-train" --config a/config.toml --out b
check "a repeated run has the same weights" test "$(weights a)" = "$(weights b)"

# In two parts: the same bits.
expect 130 'resume --out c' "$bin/sluice-train" --config a/config.toml --epochs 3 --stop-after 9 --out c
expect 0 '.' "$bin/sluice-train" --resume --out c
check "an interrupted and resumed run has the same weights" test "$(weights a)" = "$(weights c)"
check "and the same metrics" diff <(cut -d, -f1-8 a/metrics.csv) <(cut -d, -f1-8 c/metrics.csv)
expect 0 'nothing (is )?left|already' "$bin/sluice-train" --resume --out c

# Every other option at least once.
expect 0 'validation' "$bin/sluice-train" "${small[@]}" --model mlp --epochs 2 --validation 0.25 --optimizer adamw --learning-rate 0.001 --ema 0.9 \
  --label-smoothing 0.1 --clip-norm 1 --schedule one-cycle --out d
expect 0 'epoch' "$bin/sluice-train" "${small[@]}" --model resnet20 --precision bf16 --epochs 1 --optimizer adam --learning-rate 0.001 --accumulate 4 \
  --flood-level 0:1.0,1:0.5 --warmup-epochs 0.5 --decay-norms false --schedule multi-step --milestones 1 --out e
expect 0 'epoch' "$bin/sluice-train" "${small[@]}" --model vgg11 --epochs 1 --nesterov --label-noise 0.4 --augment cutout --threads 1 --out f

# A level above any loss: every batch is flooded, and the CSV says so.
expect 0 'epoch' "$bin/sluice-train" "${small[@]}" --model mlp --epochs 1 --flood-level 100 --out g
check "a level above the loss floods every batch" test "$(tail -n 1 g/metrics.csv | cut -d, -f7 | cut -c1)" = 1

expect 0 'accuracy' "$bin/sluice-eval" a --json a.json --logits a.safetensors
expect 0 'accuracy' "$bin/sluice-eval" a --split train --images 100 --precision bf16
expect 0 'accuracy' "$bin/sluice-eval" "$(newest a)/model.safetensors"
check "the report is JSON" grep -q '"accuracy"' a.json
expect 0 'a' "$bin/sluice-compare" a g --out both.svg
check "sluice-compare draws" test -s both.svg
for program in train eval compare bench-train bench-kernels; do expect 0 'Usage|OPTIONS|Options' "$bin/sluice-$program" --help; done
finish
