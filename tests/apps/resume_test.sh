#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What ends a run early loses nothing: signals, a reader that goes away, a damaged checkpoint, a start that failed.
source "$(dirname "$0")/expect.sh"
small=(--dataset shapes10 --model mlp_paper --train-images 96 --test-images 32 --batch-size 32 --learning-rate 0.02 --threads 1
  --schedule constant)
train=("$bin/sluice-train" "${small[@]}")
same() { check "$1 and $2 have the same weights" test "$(weights "$1")" = "$(weights "$2")"; }
expect 0 '4/4' "${train[@]}" --epochs 4 --ema 0.9 --out whole

# Stopped in the middle of an epoch, at the end of one, and gone on with.
for step in 4 6; do
  expect 130 "Stopped after step $step; everything is saved.*" "${train[@]}" --epochs 4 --ema 0.9 --stop-after $step --out "cut$step"
  expect 0 "going on after step $step" "$bin/sluice-train" --resume --out "cut$step"
  same whole "cut$step"
  check "and the same metrics" diff <(cut -d, -f1-8 whole/metrics.csv) <(cut -d, -f1-8 "cut$step/metrics.csv")
done

# More epochs than planned: the bits of a run that planned them.
expect 0 '2/2' "${train[@]}" --epochs 2 --ema 0.9 --out longer
expect 0 'all 2 epochs are done already.*--epochs N' "$bin/sluice-train" --resume --out longer
expect 0 '4/4' "$bin/sluice-train" --resume --epochs 4 --out longer
same whole longer
expect 0 'all 4 epochs are done already' "$bin/sluice-train" --resume --out longer
expect 5 'trained with --epochs 4, not 3; a resumed run keeps its options, or has more epochs' "$bin/sluice-train" --resume --epochs 3 --out longer

# Weights to start from: with a rate of almost nothing they stay, and are those that the run reported.
expect 0 '1/1' "${train[@]}" --learning-rate 1e-30 --weight-decay 0 --epochs 1 --init-from whole --out started
check "a run starts from given weights" test "$(cut -d, -f3 <(tail -n 1 started/metrics.csv) | cut -c1)" = 0
expect 5 'init-from .*(missing|expects)' "${train[@]}" --model mlp --epochs 1 --init-from whole --out other
expect 5 'init-from|there is no file or run folder' "${train[@]}" --epochs 1 --init-from nowhere --out other

# Signals that announce an end.
for signal in HUP USR1 USR2 XCPU TERM; do
  rm -rf signals
  "${train[@]}" --epochs 100000 --out signals >signals.log 2>&1 </dev/null &
  pid=$!
  until [[ -s signals/metrics.csv && $(wc -l <signals/metrics.csv) -gt 2 ]]; do sleep 0.01; done
  kill -$signal $pid
  [[ $signal != TERM ]] || kill -TERM $pid # As some systems send it twice.
  code=0; wait $pid || code=$?
  check "SIG$signal saves and ends with 130" test $code = 130
  check "and says where to go on" grep -q -- '--resume --out signals' signals.log
  check "and nothing is half-written" test -z "$(ls signals | grep tmp)"
done
code=0
(trap '' USR1; "${train[@]}" --epochs 100000 --out head 2>head.err || echo $? >head.code) | head -n 4 >/dev/null || true
check "a reader that goes away ends a run that is saved" test "$(cat head.code)" = 130
check "with a checkpoint" test -s "$(newest head)/model.safetensors"

# A full disk under the log.
code=0; "${train[@]}" --epochs 2 --out logless >/dev/full 2>err || code=$?
check "a log that can't be written is an error" test $code = 1
check "and named" grep -q 'not all of the output could be written: No space left' err
expect 0 'all 2 epochs are done' "$bin/sluice-train" --resume --out logless
code=0; "$bin/sluice-eval" logless --json /dev/full >/dev/null 2>err || code=$?
check "nor is a report's" test $code = 1
for program in eval compare; do
  code=0; "$bin/sluice-$program" logless >/dev/full 2>err || code=$?
  check "sluice-$program notices too" test $code = 1
done

# Damaged checkpoints: the one before is taken, and ends in the same bits.
damage() { # NAME FILE COMMAND...: a copy of the whole run in NAME, whose newest FILE the command changes
  cp -r whole "$1"
  local file
  file=$(newest "$1")/$2
  "${@:3}" "$file"
  expect 0 "$1/checkpoints/step-000000012.*set aside, going on from $1/checkpoints/step-000000009" "$bin/sluice-train" --resume --out "$1"
  same whole "$1"
  check "what was damaged is kept aside" test -d "$1/checkpoints/step-000000012.damaged"
}
damage cut model.safetensors truncate -s 1000
damage gone model.safetensors rm
damage counters training.safetensors sed -i 's/"epoch":"4"/"epoch":"7"/'
damage nan training.safetensors bash -c 'printf "\x00\x00\xc0\x7f" | dd of="$0" bs=1 seek=$(($(stat -c %s "$0") - 4)) conv=notrunc status=none'

# A run goes on from every folder, whatever its paths are made of.
mkdir -p "odd # it's \"x\"" && cp whole/tuning.json "odd # it's \"x\"/"
expect 130 '' "${train[@]}" --epochs 2 --stop-after 2 --tuning "odd # it's \"x\"/tuning.json" --out moved
cd moved
expect 0 'going on after step 2' "$bin/sluice-train" --resume --out .
cd ..

# A start that failed leaves no run in the way.
expect 3 'absent.json' "${train[@]}" --epochs 1 --tuning absent.json --out failed
expect 0 '1/1' "${train[@]}" --epochs 1 --out failed
finish
