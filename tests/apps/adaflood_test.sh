#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# AdaFlood's recipe: each training image gets its loss from a network that did not train on it, once, at the label that
# all networks are given; the files of all folds make the levels; and what does not fit together is refused.
recipe=$(cd "$(dirname "$0")/../.." && pwd)/scripts/adaflood.sh
source "$(dirname "$0")/expect.sh"
export SLUICE_BIN
# Images that are noise, in the files of MNIST: NAME COUNT.
images() {
  mkdir -p mnist
  {
    printf "\\0\\0\\x8\\x3\\0\\0\\0\\x$(printf %x "$2")\\0\\0\\0\\x1c\\0\\0\\0\\x1c"
    LC_ALL=C awk -v count=$(($2 * 784)) 'BEGIN { srand(1); for (; count > 0; --count) printf "%c", 1 + int(rand() * 255) }'
  } >"mnist/$1-images-idx3-ubyte"
  {
    printf "\\0\\0\\x8\\x1\\0\\0\\0\\x$(printf %x "$2")"
    for i in $(seq "$2"); do printf "\\x$((i % 10))"; done
  } >"mnist/$1-labels-idx1-ubyte"
}
images train 97
images t10k 32
small=(--dataset mnist --data . --model mlp_paper --batch-size 22 --learning-rate 0.02 --epochs 2
  --threads 1 --label-noise 0.2 --seed 3)
losses() { echo "$1/held_out_losses.safetensors"; }
# numbers FILE: the [97] f32 of a safetensors file of one tensor, one a line.
numbers() { tail -c $((4 * 97)) "$1" | od -An -v -tf4 -w4 | tr -d ' '; }
count() { numbers "$(losses "$1")" | grep -vc nan; }

# The whole recipe. A second call trains what is not there, to the same bits, and nothing else.
expect 0 'levels by image by sample' "$recipe" all 3 0.5 "${small[@]}"
check "97 images in three folds are 33, 32 and 32" test "$(count all/fold-1) $(count all/fold-2) $(count all/fold-3)" = "33 32 32"
check "and each is in one fold" test "$(paste <(numbers "$(losses all/fold-1)") <(numbers "$(losses all/fold-2)") \
  <(numbers "$(losses all/fold-3)") | grep -cE '^(-?nan\s-?nan\s[0-9].*|-?nan\s[0-9]\S*\s-?nan|[0-9]\S*\s-?nan\s-?nan)$')" = 97
cp all/main/metrics.csv main.csv
cp "$(losses all/fold-2)" two.safetensors
rm -r all/fold-2
expect 0 'all/main: all 2 epochs are done already' "$recipe" all 3 0.5 "${small[@]}"
check "a fold that begins anew finds the same losses" cmp two.safetensors "$(losses all/fold-2)"
check "and the network stays" cmp main.csv all/main/metrics.csv
expect 5 'trained with --hold-out-fold 2/3, not 1/3' "$SLUICE_BIN/sluice-train" --resume --out all/fold-2 --hold-out-fold 1/3
expect 5 'trained with --adaflood-gamma 0.5, not 0.25' "$recipe" all 3 0.25 "${small[@]}"

# With such a rate networks stay as they were drawn, so that losses differ where labels do: floor(97 * 0.2) of them.
differing=0
for fold in 1 2; do
  for noise in 0 0.2; do
    expect 0 '1/1' "$SLUICE_BIN/sluice-train" "${small[@]}" --learning-rate 1e-30 --epochs 1 --hold-out-fold $fold/2 \
      --label-noise $noise --out drawn-$noise-$fold
  done
  ((differing += $(paste <(numbers "$(losses drawn-0-$fold)") <(numbers "$(losses drawn-0.2-$fold)") | awk '$1 != $2' | wc -l))) || true
done
check "19 of the 97 held-out labels are wrong, here $differing" test $differing = 19

# A network that has learned its images by heart does not know the others.
expect 0 '15/15' "$SLUICE_BIN/sluice-train" "${small[@]}" --epochs 15 --hold-out-fold 1/3 --out heart
mean=$(numbers "$(losses heart)" | grep -v nan | awk '{ sum += $1 } END { print sum / NR }')
trained=$(tail -n 1 heart/metrics.csv | cut -d, -f3)
check "$trained on its own images, $mean on those held out" awk "BEGIN { exit !($trained < 0.5 && $mean > 1) }"

expect 0 '1/1' "$SLUICE_BIN/sluice-train" "${small[@]}" --epochs 1 --overwrite --out heart
check "losses don't outlive their run" test ! -e "$(losses heart)"

# Refused.
train=("$SLUICE_BIN/sluice-train" "${small[@]}" --out refused)
for fold in 0/3 4/3 1/1 1 a/b 1/3x; do expect 2 'hold-out-fold.*expects' "${train[@]}" --hold-out-fold "$fold"; done
expect 2 'as many folds as images, 97, got 98' "${train[@]}" --hold-out-fold 1/98
expect 2 'hold-out-fold.*flood-sample-levels.*choose one' "${train[@]}" --hold-out-fold 1/3 --flood-sample-levels two.safetensors
expect 3 'no number for image [0-9]+; every training image needs one' "${train[@]}" --flood-sample-levels "$(losses all/fold-1),$(losses all/fold-3)"
expect 3 "two.safetensors: image [0-9]+ has a number in a file before it" "${train[@]}" --flood-sample-levels "$(losses all/fold-2),two.safetensors"
expect 3 'belong to other labels than this run' "${train[@]}" --label-noise 0.3 --flood-sample-levels "$(losses all/fold-1),$(losses all/fold-2),$(losses all/fold-3)"
check "and leave no run behind" test ! -e refused/config.toml
expect 2 'expects DIR' "$recipe" all "${small[@]}"
expect 2 'expects DIR' "$recipe" a,b 3 0.5 "${small[@]}"
finish
