#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# All that only a GPU can tell, by one command and within ten minutes: whether the kernels are right there, and how fast.
#   scripts/gpu_check.sh [--out DIR] [PART...]     parts, in this order: conformance suite training kernels steps peers sanitizer
#   scripts/gpu_check.sh --stage DIR               builds a folder of at most 50 MB that does the same on another machine, which
#                                                  needs an NVIDIA driver; for its parts: compute-sanitizer, PyTorch
# A part that is done is not done again: a run that was cut off goes on where it was. DIR/report.json and DIR/report.md hold
# the results. Exits with 0 where everything passed, 1 where something failed, 75 where time ran out, 77 where there is no GPU.
#   SLUICE_GPU_CHECK_PRESET=emulated   the same at toy sizes on the emulated device, to try the script itself
#   SLUICE_GPU_CHECK_SECONDS=600       when to stop
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
preset=${SLUICE_GPU_CHECK_PRESET:-cuda}
seconds=${SLUICE_GPU_CHECK_SECONDS:-600}
programs=(sluice-train sluice-bench-train sluice-bench-kernels)
tests=(device_test device_parity_test ops_test flooded_cross_entropy_test cuda_conv2d_test device_training_test large_tensor_test)
all_parts=(conformance suite training kernels steps peers sanitizer)
most_bytes=$((50 * 1000 * 1000))

stage() {
  local to=$1 build=$here/../build/stage-$preset kind=on program library
  [[ $preset == cuda ]] || kind=$preset
  # A processor that this one need not resemble; one shared library, so that the kernels are there once: in the build it
  # lies above the programs, which are run there to list their tests.
  cmake -S "$here/.." -B "$build" -G Ninja -DCMAKE_BUILD_TYPE=Release -DSLUICE_CUDA="$kind" -DBUILD_SHARED_LIBS=ON -DSLUICE_NATIVE=OFF \
    -DCMAKE_CXX_FLAGS=-march=x86-64-v3 -DCMAKE_BUILD_WITH_INSTALL_RPATH=ON -DCMAKE_INSTALL_RPATH='$ORIGIN;$ORIGIN/../lib;$ORIGIN/..' >/dev/null
  cmake --build "$build" --target "${programs[@]}" "${tests[@]}" conformance_test
  rm -rf "$to"
  mkdir -p "$to/bin" "$to/lib"
  for program in "${programs[@]}" "${tests[@]}" conformance_test; do cp "$build/bin/$program" "$to/bin/"; done
  cp -L "$build"/libsluice.so.?.? "$to/lib/"
  # What they need besides the C library, which is the other machine's own.
  for library in $(LD_LIBRARY_PATH=$to/lib ldd "$to"/bin/* "$to"/lib/* | awk '/=> \// { print $3 }' | sort -u); do
    [[ $library =~ /(libc|libm|libdl|librt|libpthread|ld-linux[^/]*)\.so ]] || [[ $library == "$to"/* ]] || cp -L "$library" "$to/lib/"
  done
  strip --strip-unneeded "$to"/bin/* "$to"/lib/*
  # 38 and 47 MB that pack well; the first run there unpacks them.
  for library in "$to"/lib/libdnnl.so* "$to"/lib/libsluice.so*; do if [[ -e $library ]]; then xz "$library"; fi; done
  cp "$here/gpu_check.sh" "$here/gpu_report.py" "$here/../apps/bench/peers/torch_train.py" \
    "$here/../tests/emulator/conformance.json" "$to/"
  echo "$preset" >"$to/preset"
  local bytes
  bytes=$(du -sb "$to" | cut -f1)
  echo "staged $to: $((bytes / 1000000)) MB; there: gpu_check.sh"
  ((bytes <= most_bytes)) || { echo "gpu_check: that is more than $((most_bytes / 1000000)) MB" >&2; exit 1; }
}

out=gpu_check
parts=()
while (($#)); do
  case $1 in
    --stage) stage "${2:?--stage needs a folder}"; exit 0 ;;
    --out) out=${2:?--out needs a folder}; shift 2 ;;
    -*) echo "gpu_check: unknown option '$1'" >&2; exit 2 ;;
    *) [[ " ${all_parts[*]} " == *" $1 "* ]] || { echo "gpu_check: there is no part '$1'; parts: ${all_parts[*]}" >&2; exit 2; }
       parts+=("$1"); shift ;;
  esac
done
((${#parts[@]})) || parts=("${all_parts[@]}")

if [[ -d $here/bin ]]; then
  bin=$here/bin peer=$here/torch_train.py expected=$here/conformance.json
  preset=$(cat "$here/preset")
  for packed in "$here"/lib/*.xz; do
    if [[ -e $packed ]]; then xz -d "$packed"; fi
  done
  export LD_LIBRARY_PATH=$here/lib${LD_LIBRARY_PATH:+:$LD_LIBRARY_PATH}
else
  bin=$here/../build/$preset/bin peer=$here/../apps/bench/peers/torch_train.py
  expected=$here/../tests/emulator/conformance.json
  [[ -x $bin/sluice-train ]] || { echo "gpu_check: build first: scripts/build.sh $preset" >&2; exit 2; }
fi
mkdir -p "$out"
export SLUICE_TEST_DEVICE=cuda
toy=$([[ $preset == cuda ]] || echo yes)
[[ -n $toy ]] || export SLUICE_TEST_LARGE=1

if ! reason=$("$bin/sluice-bench-train" --device cuda --model mlp_paper --steps 1 --warmup 1 2>&1 >"$out/device.log"); then
  echo "gpu_check: no GPU to check: $reason"
  exit 77
fi
grep -m1 'cuda:' "$out/device.log" || true

# limited SECONDS COMMAND...: not past the whole run's end.
limited() {
  local left=$((seconds - SECONDS)) limit=$1
  shift
  ((left > 5)) || return 124
  timeout "$((left < limit ? left : limit))" "$@"
}

part_conformance() {
  limited 60 "$bin/conformance_test" --compare "$expected"
}

part_suite() {
  local name failed=0
  for name in "${tests[@]}"; do
    [[ -x $bin/$name ]] || { echo "this build has no $name"; failed=1; continue; }
    limited 240 "$bin/$name" --gtest_brief=1 ${toy:+--gtest_filter="${SLUICE_GPU_CHECK_TESTS:-*DeviceGraph*:*Device.*}"} || failed=1
  done
  return $failed
}

# The same short run on both devices; metrics.csv has the losses.
part_training() {
  local precision failed=0 model=(--model resnet18 --train-images 512 --test-images 128 --batch-size 64)
  [[ -z $toy ]] || model=(--model resnet20 --train-images 8 --test-images 4 --batch-size 4)
  local common=(--dataset shapes10 "${model[@]}" --epochs 1 --learning-rate 0.01 --augment crop,flip --flood-level 0.5 --seed 1 --overwrite)
  for precision in fp32 tf32 bf16; do
    limited 60 "$bin/sluice-train" "${common[@]}" --device cuda --precision $precision --out "$out/train_cuda_$precision" || return
    [[ $precision == tf32 ]] ||
      limited 90 "$bin/sluice-train" "${common[@]}" --device cpu --precision $precision --out "$out/train_cpu_$precision" || return
  done
  python3 "$here/gpu_report.py" losses "$out"
}

part_kernels() {
  local options=(--cases benchmark --seconds 0.05)
  [[ -z $toy ]] || options=(--cases small --filter '^(relu|add)_odd' --seconds 0 --repetitions 2)
  limited 150 "$bin/sluice-bench-kernels" --device cuda "${options[@]}" --json "$out/kernels.json"
}

# model, batch, precision of each run.
runs() {
  if [[ -n $toy ]]; then
    echo "mlp_paper 8 fp32"
  else
    local model batch
    for model in resnet18 resnet20; do for batch in 128 512 1024; do echo "$model $batch bf16"; done; done
  fi
}

part_steps() {
  local model batch precision engine
  while read -r model batch precision; do
    for engine in native auto; do
      limited 60 "$bin/sluice-bench-train" --device cuda --model "$model" --batch-size "$batch" --precision "$precision" --conv-engine $engine \
        --steps $([[ -n $toy ]] && echo 2 || echo 100) --warmup $([[ -n $toy ]] && echo 2 || echo 10) \
        --json "$out/steps_${model}_${batch}_$engine.json" || return
    done
  done < <(runs)
}

part_peers() {
  python3 -c 'import torch, sys; sys.exit(not torch.cuda.is_available())' 2>/dev/null || { echo "there is no PyTorch that sees a GPU"; return 77; }
  local model batch precision mode
  while read -r model batch precision; do
    for mode in off max-autotune; do
      limited 150 python3 "$peer" --device cuda --model "$model" --batch-size "$batch" --precision "$precision" --compile $mode --steps 100 --warmup 15 \
        --json "$out/peers_${model}_${batch}_$mode.json" || return
    done
  done < <(runs)
}

part_sanitizer() {
  command -v compute-sanitizer >/dev/null || { echo "there is no compute-sanitizer"; return 77; }
  [[ -z $toy ]] || { echo "the emulated device has checks of its own"; return 77; }
  local tool
  for tool in memcheck racecheck initcheck synccheck; do
    limited 60 compute-sanitizer --tool $tool --error-exitcode 9 "$bin/ops_test" --gtest_brief=1 --gtest_filter='*odd*' || return
  done
}

failed=0 late=0
for part in "${parts[@]}"; do
  if [[ -e $out/$part.done ]]; then echo "$part: done before"; continue; fi
  code=0
  "part_$part" >"$out/$part.log" 2>&1 || code=$?
  case $code in
    0) echo "$part: passed (${SECONDS}s)"; echo passed >"$out/$part.done" ;;
    77) echo "$part: skipped: $(tail -n 1 "$out/$part.log")"; echo skipped >"$out/$part.done" ;;
    124) echo "$part: out of time"; late=1 ;;
    *) echo "$part: FAILED with $code; the end of $out/$part.log:"; tail -n 15 "$out/$part.log"; failed=1 ;;
  esac
done
python3 "$here/gpu_report.py" report "$out"
((failed == 0)) || exit 1
((late == 0)) || exit 75
