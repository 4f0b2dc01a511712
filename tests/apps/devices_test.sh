#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# devices_test.sh off|on|emulated|emulated-checked: the programs' --device, in a build with that CUDA device.
source "$(dirname "$0")/expect.sh"
build=$1
tiny=(--dataset shapes10 --model mlp_paper --train-images 20 --test-images 8 --batch-size 8 --learning-rate 0.01 --seed 3)

expect 2 "there is no device 'gpu'" "$bin/sluice-train" "${tiny[@]}" --device gpu --out bad
expect 2 'the cpu has no TF32 products' "$bin/sluice-train" "${tiny[@]}" --device cpu --precision tf32 --out bad
expect 1 '--device cuda:99: ' "$bin/sluice-train" "${tiny[@]}" --device cuda:99 --out bad

if [[ $build == off ]]; then
  expect 1 'this build of Sluice has no CUDA device' "$bin/sluice-train" "${tiny[@]}" --device cuda --out bad
  finish
  exit
fi
if ! "$bin/sluice-bench-train" --device cuda --model mlp_paper --batch-size 4 --steps 1 --warmup 1 >/dev/null 2>&1; then
  # No driver or no device: that is said once, and the CPU trains.
  expect 1 '--device cuda: .*(driver|device)' "$bin/sluice-train" "${tiny[@]}" --device cuda --out bad
  expect 0 'running on the cpu: ' "$bin/sluice-train" "${tiny[@]}" --epochs 1 --out fallen
  check "it trained" test -s fallen/metrics.csv
  finish
  exit
fi

# A run on the device; the same in two parts; the same without a graph: the same bits. The last batch of an epoch is short.
run=("$bin/sluice-train" "${tiny[@]}" --augment crop,flip --flood-level 0:2.2,2:2.0 --ema 0.9 --epochs 4)
expect 0 'cuda:0' "${run[@]}" --device cuda --out a
expect 0 'epoch' "${run[@]}" --device cuda --graph off --out b
check "a graph has the bits of single launches" test "$(weights a)" = "$(weights b)"
expect 0 'epoch' "${run[@]}" --device cuda --checkpoint-every 1 --out c
check "a repeated run has the same weights" test "$(weights a)" = "$(weights c)"
rm -r "$(newest c)"
sed -i '$d' c/metrics.csv
expect 0 'going on after step' "$bin/sluice-train" --resume --out c
check "a resumed run has the same weights" test "$(weights a)" = "$(weights c)"

# So with every objective, whose step reads from the device's memory what changes: a level of its own for each image, the
# masks of dropout, the batch of both passes. RelaxLoss has a graph for each of its phases. (The kernels themselves are
# checked by tests of their own.)
safetensors levels.safetensors levels 20 '\0\0\0\x40' '\0\0\x20\x40' # 2 and 2.5 in turns, as the classes come; amid the losses
replays() { # NAME OPTION...
  local name=$1
  shift
  expect 0 'epoch' "$bin/sluice-train" "${tiny[@]}" --device cuda --epochs 2 "$@" --out "$name"
  expect 0 'epoch' "$bin/sluice-train" "${tiny[@]}" --device cuda --epochs 2 "$@" --graph off --out "$name-eager"
  check "$name: a graph has the bits of single launches" test "$(weights "$name")" = "$(weights "$name-eager")"
}
if [[ $build != emulated-checked ]]; then
  replays classes --flood-class-levels 2,2.5,2,2.5,2,2.5,2,2.5,2,2.5 --flood-granularity sample
  replays images --flood-sample-levels levels.safetensors --flood-granularity sample
  check "an image's level is its own in every replay" test "$(weights classes)" = "$(weights images)"
  replays parts --flood-sample-levels levels.safetensors --flood-granularity sample --flood-transform soft --accumulate 2
  replays relaxloss --relaxloss 2.25 --batch-size 5 --epochs 4
  replays sam --sam 0.05 --dropout 0.2 --flood-level 2.25 --flood-granularity sample --precision bf16 --train-images 8 --epochs 4
  replays penalty --gradient-penalty 0.05 --dropout 0.2 --clip-norm 1
fi

# The loss follows the CPU's.
expect 0 'epoch' "${run[@]}" --device cpu --out d
check "the losses are the cpu's" awk -F, 'FNR == NR { loss[FNR] = $3; next } FNR > 1 && ($3 - loss[FNR])^2 > 1e-6 { bad = 1 } END { exit bad }' \
  a/metrics.csv d/metrics.csv

# A checkpoint of the device is evaluated on both.
loss() { "$bin/sluice-eval" a --device "$1" | grep -oP 'loss \K[0-9.]+'; }
check "sluice-eval agrees on both devices" awk -v a="$(loss cuda)" -v b="$(loss cpu)" 'BEGIN { exit !(a > 0 && (a - b)^2 < 1e-6) }'

# A rate that blows up: an error that says what stays.
expect 4 'a loss was not finite' "$bin/sluice-train" "${tiny[@]}" --device cuda --learning-rate 1e30 --epochs 2 --out e

expect 0 'replayed as a graph' "$bin/sluice-bench-train" --device cuda --model mlp_paper --batch-size 8 --steps 2 --warmup 2 --json t.json
check "its report names the device" grep -q '"device"' t.json
if [[ -x $bin/sluice-bench-kernels ]]; then
  expect 0 'relu_odd/bf16/forward' "$bin/sluice-bench-kernels" --device cuda --cases small --filter '^relu_odd' --seconds 0 --repetitions 2 --json k.json
  check "its report has shares" grep -q '"share_of_ceiling"' k.json
fi
finish
