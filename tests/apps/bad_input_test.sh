#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Bad input gets a clear error that names the thing, the expectation and the finding; exit codes tell kinds apart; and
# nothing is lost.
source "$(dirname "$0")/expect.sh"
unset SLUICE_DATA
train=("$bin/sluice-train" --dataset shapes10 --model mlp --train-images 64 --test-images 32 --batch-size 32 --epochs 1)

# Options.
expect 2 "no option '--epoch'.*'--epochs'" "$bin/sluice-train" --epoch 3
expect 2 "no 'resnet21'.*'resnet20'" "$bin/sluice-train" --model resnet21
expect 2 "no 'cifar11'.*'cifar10" "$bin/sluice-train" --dataset cifar11
expect 2 'flood' "$bin/sluice-train" --flood-level -0.1
expect 2 'flood' "$bin/sluice-train" --flood-level nan
expect 2 'flood' "$bin/sluice-train" --flood-level 0:0.1,x
expect 2 'batch-size' "$bin/sluice-train" --batch-size 0
expect 2 'learning-rate' "$bin/sluice-train" --learning-rate -1
expect 2 'label-noise' "$bin/sluice-train" --label-noise 1.5
expect 2 'augment|cutt' "$bin/sluice-train" --augment crop,cutt
expect 2 'absent.toml was not readable' "$bin/sluice-train" --config absent.toml
printf 'epoch = 3\n' >wrong.toml
expect 2 "no option 'epoch'.*'epochs'" "$bin/sluice-train" --config wrong.toml
expect 1 'cuda' "${train[@]}" --device cuda --out x
expect 2 "no option '--modle'.*'--model'" "$bin/sluice-eval" --modle x y

# Data files.
expect 3 'cifar10 needs the folder.*--data DIR.*fetch_data.sh cifar10.*shapes10' "$bin/sluice-train" --dataset cifar10 --out x
expect 3 'absent' "$bin/sluice-train" --dataset cifar10 --data absent --out x
mkdir cifar
head -c $((3073 * 10)) /dev/zero >cifar/train.bin
head -c 5000 /dev/zero >cifar/test.bin
expect 3 'test.bin' "$bin/sluice-train" --dataset cifar10 --data cifar --out x
cp cifar/train.bin cifar/test.bin
printf '\x0b' | dd of=cifar/train.bin bs=1 seek=$((3073 * 4)) conv=notrunc status=none
expect 3 'train.bin.*(label|record)' "$bin/sluice-train" --dataset cifar10 --data cifar --out x
mkdir -p mnist && printf 'not a gzip file' >mnist/train-images-idx3-ubyte.gz
expect 3 'train-images-idx3' "$bin/sluice-train" --dataset mnist --data . --out x

# The run folder.
expect 0 'epoch' "${train[@]}" --out run
before=$(sha256sum <"$(newest run)/model.safetensors")
expect 2 'run.*(--resume|--overwrite)' "${train[@]}" --out run
expect 5 'nothing|no (run|checkpoint)' "$bin/sluice-train" --resume --out never
expect 5 'model.*(resnet20|mlp)' "$bin/sluice-train" --resume --out run --model resnet20
expect 5 'seed' "$bin/sluice-train" --resume --out run --seed 7
"$bin/sluice-train" --dataset shapes10 --model resnet20 --train-images 2000 --test-images 32 --epochs 50 --out busy >/dev/null 2>&1 &
pid=$!
for _ in $(seq 200); do [[ -e busy/config.toml ]] && break; sleep 0.05; done
expect 1 "busy.*use.*$pid|busy.*$pid.*use" "${train[@]}" --out busy --overwrite
kill -KILL $pid; wait $pid 2>/dev/null || true

# Checkpoints: missing, truncated, flipped, of another model.
expect 3 'absent.safetensors' "$bin/sluice-eval" absent.safetensors
file=$(newest run)/model.safetensors
head -c 1000 "$file" >short.safetensors
expect 3 'short.safetensors' "$bin/sluice-eval" short.safetensors
cp "$file" flipped.safetensors && printf '\xff' | dd of=flipped.safetensors bs=1 seek=3 conv=notrunc status=none
expect 3 'flipped.safetensors' "$bin/sluice-eval" flipped.safetensors
(cat "$file"; echo more) >long.safetensors
expect 3 'long.safetensors' "$bin/sluice-eval" long.safetensors
expect 5 'conv1.weight|missing|unexpected' "$bin/sluice-eval" run --model resnet20

# A damaged checkpoint and no other.
cp -r run damaged
head -c 100 "$file" >"$(newest damaged)/model.safetensors"
expect 3 'model.safetensors' "$bin/sluice-train" --resume --out damaged

# Whole files with impossible contents, past the checksum, which is only a remark under another name.
altered() { # FOLDER FILE SED-EXPRESSION: a copy of `run` with that file changed
  cp -r run "$1"
  sed -i "s/sluice\.crc32/sluice_crc32/; $3" "$(newest "$1")/$2"
}
altered impossible training.safetensors 's/"epoch":"1"/"epoch":"9"/'
expect 3 'impossible/.*training.safetensors: expects a place in 1 epochs.*epoch 9' "$bin/sluice-train" --resume --out impossible
altered negative training.safetensors 's/"step":"2"/"step":"-"/'
expect 3 "negative/.*training.safetensors: expected a number under 'step'.*'-'" "$bin/sluice-train" --resume --out negative
altered other training.safetensors 's/"optimizer\./"optimiser./'
expect 3 'other/.*training.safetensors: ' "$bin/sluice-train" --resume --out other
cp -r run epochs && sed -i 's/^1,/0,/' epochs/metrics.csv
expect 3 'epochs/metrics.csv, line 2: epoch expects a number from 1, got 0' "$bin/sluice-train" --resume --out epochs
expect 3 'epochs/metrics.csv, line 2' "$bin/sluice-compare" epochs run
cp -r run nameless && echo '{"conv2d": ""}' >nameless/tuning.json
expect 3 'nameless/tuning.json: ' "$bin/sluice-train" --resume --out nameless

# Pipes in the place of files: nobody waits for them.
mkfifo pipe
cp -r run pipes && ln -sf "$PWD/pipe" pipes/metrics.csv
expect 3 'pipes/metrics.csv is not a regular file' "$bin/sluice-train" --resume --out pipes
ln -sf "$PWD/pipe" pipes/config.toml
expect 3 'pipes/config.toml is not a regular file' "$bin/sluice-train" --resume --out pipes
expect 3 'pipe is not a regular file' "$bin/sluice-eval" pipe
expect 3 'pipe is not a regular file' "${train[@]}" --tuning pipe --out x

# A full disk while saving: the old checkpoint stays. A limit on the size of a file stands in for the disk.
code=0
(ulimit -f 64; trap '' XFSZ; exec "${train[@]}" --out run --resume --epochs 1) >full.log 2>&1 || code=$?
check "resuming a finished run writes nothing" test $code = 0
code=0
(ulimit -f 64; trap '' XFSZ; exec "${train[@]}" --out full) >full.log 2>&1 || code=$?
check "a full disk is an error" test $code = 1
check "and says which file" grep -qE 'full/.*(File too large|No space)' full.log
check "the old checkpoint is untouched" test "$before" = "$(sha256sum <"$(newest run)/model.safetensors")"
expect 1 'not-a-folder' bash -c "echo >not-a-folder; '$bin/sluice-train' --dataset shapes10 --model mlp --out not-a-folder/run"
finish
