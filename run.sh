#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# The main job: installs what is missing, builds, and trains a ResNet with and without flooding, side by side.
#   ./run.sh [--data DIR] [--out DIR] [--again]
# Called a second time it goes on where it was stopped; --again begins anew. CIFAR-10 is taken from --data or SLUICE_DATA,
# else fetched from its official page, else replaced by generated images.
set -euo pipefail
invoked_in=$PWD
cd "$(dirname "$0")"

data=${SLUICE_DATA:-}
out=runs/main
again=
while (($#)); do
  case $1 in
    -h | --help) sed -n "3,6s/^# //p" "$0"; exit 0 ;;
    --data) data=${2:?--data needs a folder}; shift 2 ;;
    --out) out=${2:?--out needs a folder}; shift 2 ;;
    --again) again=1; shift ;;
    *) echo "run.sh: unknown argument '$1'; it takes --data DIR, --out DIR and --again" >&2; exit 2 ;;
  esac
done
[[ -z $data || $data == /* ]] || data=$invoked_in/$data
if [[ -n $data && ! -d $data ]]; then
  echo "run.sh: there is no folder $data" >&2
  exit 3
fi

scripts/setup.sh
scripts/build.sh cpu sluice-train sluice-compare
source scripts/environment.sh

dataset=cifar10
if [[ -z $data ]]; then
  if scripts/fetch_data.sh cifar10; then
    data=datasets
  else
    dataset=shapes10
    echo "CIFAR-10 can't be fetched here, so this trains on shapes10: ten classes of generated images. Name a folder with --data to change that."
  fi
fi

# A small training set with wrong labels, no augmentation: a network that memorizes it does worse on test images, which is
# what flooding is for. The levels are near the entropy of the noise: below it, labels are learned by heart.
noise=0.2 level=1.0
if [[ $dataset == shapes10 ]]; then
  # Of 0, 0.6, 1.0, 1.2 and 1.4 the level with the lowest validation loss, on a seed of its own.
  noise=0.4 level=1.2
fi
common=(--dataset "$dataset" ${data:+--data "$data"} --model resnet20 --train-images 4000 --test-images 2000 --label-noise "$noise"
  --epochs 24 --batch-size 64 --learning-rate 0.05 --schedule cosine --weight-decay 0 --seed 1)
bin=build/cpu/bin

# train FOLDER [OPTION...]: a run that is there goes on with its own configuration.
train() {
  local folder=$1
  shift
  if [[ -z $again && -f $folder/config.toml ]]; then
    $bin/sluice-train --resume --out "$folder"
  else
    $bin/sluice-train "${common[@]}" "$@" --overwrite --out "$folder"
  fi
}
echo "1/2: without flooding"
train "$out/plain"
echo "2/2: with flooding"
train "$out/flooded" --flood-level "$level" --tuning "$out/plain/tuning.json"
$bin/sluice-compare "$out/plain" "$out/flooded" --out "$out/comparison.svg"
cat <<TEXT

Look at $out/comparison.svg: without flooding the training loss goes to 0 while the test loss rises; with flooding the
training loss stays at the level: see where the test loss ends. Try next another level, in a folder of its own:
  $bin/sluice-train --config $out/flooded/config.toml --flood-level 0.5 --out $out/lower
  $bin/sluice-compare $out/plain $out/flooded $out/lower --out $out/three.svg
TEXT
