#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# sluice-flood-study on tiny grids: what it leaves behind, that results do not depend on the number of jobs, that it goes on
# where it was stopped or killed, and that no finished run is lost to bad input or damage.
source "$(dirname "$0")/expect.sh"
unset SLUICE_DATA
study=$bin/sluice-flood-study
tiny=(synthetic --dataset gaussian --noise 0.1 --levels 0:0.4:0.2 --seeds 2 --train-points 20 --validation-points 20 --test-points 60 --epochs 4)

expect 0 'gaussian +\| 10 % +\| 2 ' "$study" "${tiny[@]}" --out a
for file in table.md runs.csv acceptance.md learning_curves.svg test_by_level.svg chosen_level.svg double_descent.svg; do
  check "a/$file is there" test -s "a/$file"
done
check "runs.csv has a line a run" test "$(wc -l <a/runs.csv)" = 7
check "the paper's row is beside ours" grep -q 'the paper.*78.44 (0.92).*83.59 (0.92).*0.32 (0.08).*81.09 (2.23).*83.87 (0.65)' a/table.md
expect 0 '' "$study" "${tiny[@]}" --jobs 3 --out b
check "two jobs find the same bits as one" cmp a/runs.csv b/runs.csv

# Pairs share data and initial weights: before the first step a run does not know its level.
first_loss() { grep -o '"curve":\[{"epoch":1,"train":{"loss":[0-9.]*' "$1"; }
check "pairs begin alike" test "$(first_loss a/runs/gaussian-noise0.1-level0-seed0.json)" = "$(first_loss a/runs/gaussian-noise0.1-level0.4-seed0.json)"
check "seeds do not" test "$(first_loss a/runs/gaussian-noise0.1-level0-seed0.json)" != "$(first_loss a/runs/gaussian-noise0.1-level0-seed1.json)"

# A finished study has nothing to do; a larger grid adds runs only.
stamps() { stat -c '%n %Y %i' a/runs/*-seed[01].json | sort; }
before=$(stamps)
expect 0 '6 runs, 6 of them finished' "$study" "${tiny[@]}" --out a
expect 0 '9 runs, 6 of them finished' "$study" "${tiny[@]}" --seeds 3 --out a
check "finished runs were not repeated" test "$before" = "$(stamps)"

# Damage in the middle: named, set aside, run again, and the others stay.
for damage in truncated flipped another; do
  cp -r b $damage
  file=$damage/runs/gaussian-noise0.1-level0.2-seed0.json
  case $damage in
    truncated) head -c 200 b/runs/"$(basename $file)" >$file ;;
    flipped) sed -i '0,/"epoch":4/s//"epoch":3/' $file ;;
    another) cp b/runs/gaussian-noise0.1-level0.4-seed0.json $file ;;
  esac
  others=$(stat -c '%n %i' $damage/runs/*seed1.json)
  expect 0 'level0.2-seed0.json (is damaged|holds the run).*set aside' "$study" "${tiny[@]}" --out $damage
  check "the damaged file is kept aside" test -s $file.damaged
  check "the run was repeated to the same bits" cmp b/runs.csv $damage/runs.csv
  check "the others were left alone" test "$others" = "$(stat -c '%n %i' $damage/runs/*seed1.json)"
done

# Stopped as by Ctrl-C, then killed, then taken up: the same bits as in one go.
long=("${tiny[@]}" --epochs 120 --seeds 3)
"$study" "${long[@]}" --out whole >/dev/null
for signal in TERM KILL; do
  "$study" "${long[@]}" --jobs 2 --out broken >broken.log 2>&1 &
  pid=$!
  for _ in $(seq 200); do compgen -G 'broken/runs/*seed0.json' >/dev/null && break; sleep 0.02; done
  kill -$signal $pid
  code=0; wait $pid 2>/dev/null || code=$?
  if [[ $signal == TERM ]]; then
    check "an interrupt ends it with 130" test $code = 130
    check "and it says what is kept" grep -q 'of 9 runs are finished and kept' broken.log
    rm broken/runs/*.json
  fi
done
check "a kill left some runs to do" test "$(ls broken/runs/*.json | wc -l)" -lt 9
expect 0 '' "$study" "${long[@]}" --jobs 2 --out broken
check "a broken study has the results of a whole one" cmp whole/runs.csv broken/runs.csv

# Images: the same program, with data that is loaded and split by the seed.
images=(shapes10 --model mlp_mnist --train-images 100 --test-images 40 --batch-size 32 --learning-rate 0.01 --epochs 2 --levels 0,9 --seeds 2)
expect 0 'shapes10 +\| 0 % +\| 2 ' "$study" "${images[@]}" --out images
expect 0 '' "$study" "${images[@]}" --jobs 3 --out images-by-three
check "of images too, three jobs find the same bits as one" cmp images/runs.csv images-by-three/runs.csv
check "a level above the loss floods every batch" grep -q '^shapes10,0,9,0,[0-9.]*,1,' images/runs.csv
expect 0 '' "$study" shapes10 --model resnet20 --train-images 40 --test-images 10 --batch-size 16 --epochs 1 --levels 0,1 --out convolutions
check "the choice of algorithms is kept" grep -q 'x=16x32x32x16.*threads=1' convolutions/tuning.json
rm convolutions/runs/*.json && sed -i 's/": ".*"/": "quantum"/' convolutions/tuning.json
expect 3 'convolutions/tuning.json: "conv2d .* expects one of .*, got "quantum"' "$study" shapes10 --model resnet20 --train-images 40 --test-images 10 --batch-size 16 --epochs 1 --levels 0,1 --out convolutions

# Bad input.
expect 2 "no 'synthetik'.*'synthetic'" "$study" synthetik --out x
expect 2 "no 'gausian'.*'gaussian'" "$study" synthetic --dataset gausian --out x
expect 2 'empty grid' "$study" synthetic --levels 0.5:0:0.1 --out x
expect 2 'step above 0' "$study" synthetic --levels 0:0.5:0 --out x
expect 2 'at least 0, got -0.1' "$study" synthetic --levels 0,-0.1 --out x
expect 2 'at least 0, got -?nan' "$study" synthetic --levels 0,nan --out x
expect 2 '0 among them' "$study" synthetic --levels 0.1,0.2 --out x
expect 2 "'zero' is not a number" "$study" synthetic --levels zero --out x
expect 2 'from 0 to 1, got 1.5' "$study" synthetic --noise 0.1,1.5 --out x
expect 2 'seeds' "$study" synthetic --seeds 0 --out x
expect 2 'out' "$study" synthetic
check "nothing was made" test ! -e x
expect 5 'epochs 4, not 5' "$study" "${tiny[@]}" --epochs 5 --out b
expect 3 'study.json is damaged' bash -c "cp -r b c && echo '{' >c/study.json && '$study' ${tiny[*]} --out c"
expect 4 'not finite|exit code 4' "$study" "${tiny[@]}" --optimizer sgd --learning-rate 1e30 --out nan
check "b's runs are as they were" test "$(ls b/runs | wc -l)" = 6
code=0
(ulimit -f 1; trap '' XFSZ; exec "$study" "${tiny[@]}" --out full) >full.log 2>&1 || code=$?
check "a full disk is an error" test $code = 1
check "and says which file" grep -qE 'full/.*(File too large|No space)' full.log
finish
