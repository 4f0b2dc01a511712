#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# sluice-train's ways of holding the loss at a level: those that must agree do, bit for bit; all of them go on bit for
# bit after an interrupt; and what makes no sense is refused.
source "$(dirname "$0")/expect.sh"
small=(--dataset shapes10 --model mlp_paper --train-images 192 --test-images 32 --batch-size 32 --learning-rate 0.02 --epochs 2
  --threads 1)
run() { # NAME OPTION...: a run in the folder NAME
  local name=$1
  shift
  expect 0 'epoch' "$bin/sluice-train" "${small[@]}" "$@" --out "$name"
}
same() { check "$1 and $2 have the same weights" test "$(weights "$1")" = "$(weights "$2")"; }
differ() { check "$1 and $2 have different weights" test "$(weights "$1")" != "$(weights "$2")"; }
two='\0\0\0\x40' # 2.0f

# The one level of a batch, said in four ways. The levels lie amid the losses: about 2.3 at first.
run batch --flood-level 2
run group --flood-level 2 --flood-granularity group --flood-group 32
run classes --flood-class-levels 2,2,2,2,2,2,2,2,2,2
safetensors two.safetensors levels 192 "$two"
run levels --flood-sample-levels two.safetensors
for name in group classes levels; do same batch $name; done

run samples --flood-level 2 --flood-granularity sample
differ batch samples
check "a share of the images is flooded" grep -qE '^2,[^,]*,[^,]*,[^,]*,[^,]*,[^,]*,0\.[0-9]*[1-9]' samples/metrics.csv

# Levels of images are those of their classes, which take turns.
safetensors turns.safetensors levels 192 "$two" '\0\0\x20\x40' # 2 and 2.5
run by_class --flood-class-levels 2,2.5,2,2.5,2,2.5,2,2.5,2,2.5 --flood-granularity sample
run by_image --flood-sample-levels turns.safetensors --flood-granularity sample
same by_class by_image
differ by_class samples

# AdaFlood with gamma 0 holds each image at its auxiliary loss; with gamma 1 at 0.
safetensors losses.safetensors losses 192 "$two"
run adaflood --flood-sample-levels losses.safetensors --adaflood-gamma 0
same batch adaflood
run plain
run adaflood_one --flood-sample-levels losses.safetensors --adaflood-gamma 1
same plain adaflood_one

# Micro-batches: the share that is below the level is that of the batch.
run soft --flood-level 100 --flood-transform soft --flood-granularity sample --accumulate 4
check "a level above the losses floods all" test "$(tail -n 1 soft/metrics.csv | cut -d, -f7 | cut -c1-5)" = 1

# In two parts, stopped in the middle of an epoch of 24 batches: the same bits.
goes_on() { # NAME OPTION...
  local name=$1
  shift
  run "$name" "$@" --batch-size 8 --epochs 3
  expect 130 'Stopped after step 35' "$bin/sluice-train" --config "$name/config.toml" --stop-after 35 --out "$name-cut"
  expect 0 'going on after step' "$bin/sluice-train" --resume --out "$name-cut"
  same "$name" "$name-cut"
  check "$name-cut has the same metrics" diff <(cut -d, -f1-8 "$name/metrics.csv") <(cut -d, -f1-8 "$name-cut/metrics.csv")
}
goes_on relaxloss --relaxloss 2 --gradient-penalty 0.05
goes_on sam --sam 0.05 --flood-class-levels 1,2,1,2,1,2,1,2,1,2 --flood-granularity sample --flood-transform soft --dropout 0.1
goes_on each --flood-sample-levels two.safetensors --flood-granularity group --flood-group 3
goes_on parts --flood-sample-levels losses.safetensors --flood-granularity sample --accumulate 3 --label-smoothing 0.1
goes_on scheduled --flood-level 0:2.2,1:2 --flood-transform soft --flood-softness 0.5 --accumulate 2

# What a run was told, it keeps.
safetensors other.safetensors levels 192 '\0\0\x80\x3f'
cp two.safetensors kept.safetensors
cp other.safetensors two.safetensors
expect 5 'other levels than .*two.safetensors' "$bin/sluice-train" --resume --out levels
mv kept.safetensors two.safetensors
expect 5 'trained with --sam 0,' "$bin/sluice-train" --resume --out batch --sam 0.1
expect 5 'trained with --flood-transform hard, not soft' "$bin/sluice-train" --resume --out batch --flood-transform soft

# Refused.
train=("$bin/sluice-train" "${small[@]}" --out refused)
expect 2 "no 'rows'.*'group'|no 'rows'" "${train[@]}" --flood-granularity rows
expect 2 'softness.*above 0' "${train[@]}" --flood-level 1 --flood-transform soft --flood-softness 0
expect 2 "'x' in '1,x' is not a number" "${train[@]}" --flood-class-levels 1,x
expect 2 'expects 10 levels.*shapes10, got 2' "${train[@]}" --flood-class-levels 1,2
expect 2 '0 or more, got -2' "${train[@]}" --flood-class-levels 1,-2,1,2,1,2,1,2,1,2
expect 2 'flood-level and --relaxloss.*choose one' "${train[@]}" --flood-level 1 --relaxloss 1
expect 2 'need a level' "${train[@]}" --flood-granularity sample
expect 2 'needs --flood-group' "${train[@]}" --flood-level 1 --flood-granularity group
expect 2 'needs --flood-granularity group' "${train[@]}" --flood-level 1 --flood-group 8
expect 2 'accumulate.*flood-group' "${train[@]}" --flood-level 1 --flood-granularity group --flood-group 8 --accumulate 2
expect 2 'flood-granularity sample' "${train[@]}" --flood-class-levels 1,2,1,2,1,2,1,2,1,2 --accumulate 2
expect 2 'recipe of its own' "${train[@]}" --relaxloss 1 --label-smoothing 0.1
expect 2 'sam and --gradient-penalty.*choose one' "${train[@]}" --sam 0.1 --gradient-penalty 0.1
expect 2 'gradient-penalty-step.*other than 0' "${train[@]}" --gradient-penalty 0.1 --gradient-penalty-step 0
expect 3 'absent.safetensors' "${train[@]}" --flood-sample-levels absent.safetensors
safetensors short.safetensors levels 191 "$two"
expect 3 "short.safetensors: 'levels' expects .*192.*got f32\[191\]" "${train[@]}" --flood-sample-levels short.safetensors
safetensors negative.safetensors levels 192 '\0\0\0\xc0'
expect 3 "negative.safetensors: 'levels'.*got -2 for image 0" "${train[@]}" --flood-sample-levels negative.safetensors
safetensors named.safetensors weights 192 "$two"
expect 3 "named.safetensors.*'levels' or 'losses'" "${train[@]}" --flood-sample-levels named.safetensors
check "and leave no run behind" test ! -e refused/config.toml
finish
