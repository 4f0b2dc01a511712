#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# AdaFlood (Bae et al., TMLR 2024) from beginning to end: for each fold of the training images an auxiliary network that
# does not train on it, in DIR/fold-K, then the network itself in DIR/main, each image flooded at the level that its
# held-out loss gives. What an earlier call left in DIR is taken up where it stopped.
#   scripts/adaflood.sh DIR FOLDS GAMMA SLUICE_TRAIN_OPTION...
# The options are those of every network, without --out. The programs are those of SLUICE_BIN, or else of build/cpu/bin.
set -euo pipefail
if (($# < 3)) || [[ ! $2 =~ ^[1-9][0-9]*$ || $3 == -* || $1 == *,* ]]; then
  echo "adaflood.sh: expects DIR (without commas), FOLDS, GAMMA and options of sluice-train, got '$*'" >&2
  exit 2
fi
dir=$1 folds=$2 gamma=$3
shift 3
bin=${SLUICE_BIN:-$(dirname "$0")/../build/cpu/bin}

train() { # FOLDER OPTION...: begins the run in FOLDER or goes on with it
  local out=$1 resume=()
  shift
  [[ ! -e $out/config.toml ]] || resume=(--resume)
  "$bin/sluice-train" "$@" "${resume[@]}" --out "$out"
}

losses=()
for fold in $(seq "$folds"); do
  echo "fold $fold/$folds"
  train "$dir/fold-$fold" "$@" --hold-out-fold "$fold/$folds"
  losses+=("$dir/fold-$fold/held_out_losses.safetensors")
done
echo "the network itself"
train "$dir/main" "$@" --flood-sample-levels "$(IFS=,; echo "${losses[*]}")" --adaflood-gamma "$gamma" --flood-granularity sample
