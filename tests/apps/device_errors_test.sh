#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the programs say on a machine that doesn't do, which the emulator plays: what is wrong and what to do about it.
source "$(dirname "$0")/expect.sh"
tiny=(--dataset shapes10 --model mlp_paper --train-images 20 --test-images 8 --batch-size 8 --seed 3)
newest() { ls -d "$1"/checkpoints/step-* | tail -n 1; }
weights() { sha256sum <"$(newest "$1")/model.safetensors"; }

# on PATTERN VARIABLE=VALUE...: a run there fails, with that said.
on() {
  expect 1 "$1" env "${@:2}" "$bin/sluice-train" "${tiny[@]}" --epochs 1 --device cuda --out bad
  rm -rf bad
}
on 'there is no NVIDIA driver on this machine' SLUICE_EMULATOR_DRIVER=0
on 'the NVIDIA driver knows CUDA up to 11.8, this build needs [0-9.]+; update the driver' SLUICE_EMULATOR_DRIVER=11080
on 'the NVIDIA driver shows no device' SLUICE_EMULATOR_DEVICES=0
on 'its compute capability is 7.5; Sluice needs 8.0 \(Ampere\) or later' SLUICE_EMULATOR_CAPABILITY=75
on 'kernel [a-z0-9_]+ with grid .* failed: cudaErrorNoKernelImageForDevice, .* CMAKE_CUDA_ARCHITECTURES' \
  SLUICE_EMULATOR_CAPABILITY=86 SLUICE_EMULATOR_CODE=90
expect 1 'there is no device 1; this machine has 1 \(cuda:0\)' "$bin/sluice-train" "${tiny[@]}" --device cuda:1 --out bad
expect 0 'running on the cpu: the NVIDIA driver knows CUDA up to 11.8' \
  env SLUICE_EMULATOR_DRIVER=11080 "$bin/sluice-train" "${tiny[@]}" --epochs 1 --out fallen

# A kernel that fails: it is said at the next wait, or by its launch.
on 'cudaErrorLaunchFailure, .*; SLUICE_SYNC_LAUNCHES=1 finds the kernel' SLUICE_EMULATOR_FAULT=sgd_momentum
on 'kernel sgd_momentum with grid \([0-9,]+\), block \([0-9,]+\) and 0 bytes of shared memory failed: cudaErrorLaunchFailure' \
  SLUICE_EMULATOR_FAULT=sgd_momentum SLUICE_SYNC_LAUNCHES=1

# Out of memory in the middle of a run: the checkpoint stays, and with the memory back the run goes on to the bits of one
# that was never short of it.
run=("$bin/sluice-train" "${tiny[@]}" --epochs 2 --checkpoint-every 1 --device cuda)
expect 0 'epoch' "${run[@]}" --out whole
expect 0 'epoch' "${run[@]}" --out short
rm -r "$(newest short)"
sed -i '$d' short/metrics.csv
before=$(weights short)
expect 1 '\[linear\] out of memory on cuda:0: asked for [0-9]+ .* are in use in [0-9]+ blocks, .* held; the device has .* free of .*--accumulate' \
  env SLUICE_EMULATOR_MEMORY=30000000 "$bin/sluice-train" --resume --out short
check "the checkpoint stays" test "$(weights short)" = "$before"
expect 0 'going on after step' "$bin/sluice-train" --resume --out short
check "and goes on" test "$(weights short)" = "$(weights whole)"
finish
