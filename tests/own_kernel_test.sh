#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# own_kernel_test.sh BUILD_DIR EXAMPLE_DIR DEVICE: kernels of a project outside of the tree, compiled against an installed
# Sluice as that was built (SLUICE_CUDA=DEVICE). The example runs and is right. On the checked emulator two mistakes are
# planted in it, and each is reported by its line. A Sluice without a CUDA device says what is missing.
set -euo pipefail
build=$1 example=$2 device=$3
unset SLUICE_EMULATOR_LAUNCHES # the table of kernels is of the library's
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
fail() { echo "own_kernel_test: $*" >&2; exit 1; }

cmake --install "$build" --prefix "$work/prefix" --component Unspecified >/dev/null
cp -r "$example" "$work/source"
compile() { cmake --build "$work/build" >"$work/log" 2>&1; }
launcher=$(command -v ccache || true)
cmake -S "$work/source" -B "$work/build" -G Ninja "-DCMAKE_PREFIX_PATH=$work/prefix" -DCMAKE_BUILD_TYPE=Release \
  "-DCMAKE_CXX_COMPILER_LAUNCHER=$launcher" >"$work/log" 2>&1 || { cat "$work/log"; fail "the example does not configure"; }

if [[ $device == off ]]; then
  ! compile || fail "kernels were compiled for a Sluice without a CUDA device"
  grep -q 'SLUICE_CUDA=on, emulated or emulated-checked' "$work/log" || { cat "$work/log"; fail "it does not say what is missing"; }
  exit 0
fi

compile || { cat "$work/log"; fail "the example does not build"; }
status=0
"$work/build/own_kernel" | tee "$work/output" || status=$?
if [[ $device == on && $status == 77 ]]; then
  grep -q '^no CUDA device: ' "$work/output" || fail "it does not say why it did not run"
  exit 0
fi
[[ $status == 0 ]] || fail "the example ends with status $status"
[[ $device == emulated-checked ]] || exit 0

# plant TEXT WITH WHERE WHAT: TEXT in rms_norm.cu becomes WITH; the run fails, and says WHAT and the line that holds WHERE.
plant() {
  local file=$work/source/rms_norm.cu
  local text
  text=$(<"$example/rms_norm.cu")
  [[ $text == *"$1"* ]] || fail "'$1' is no longer in rms_norm.cu"
  printf '%s\n' "${text/"$1"/"$2"}" >"$file"
  local line
  line=$(grep -nF -- "$3" "$file" | head -n 1 | cut -d: -f1)
  compile || { cat "$work/log"; fail "the planted mistake does not build"; }
  ! "$work/build/own_kernel" >"$work/output" 2>&1 || fail "'$2' instead of '$1' was not seen"
  grep -E "$4" "$work/output" | grep -qE "rms_norm.cu:$line\b" || { cat "$work/output"; fail "line $line is not named"; }
  grep -E "$4" "$work/output"
}
plant 'c < columns; c += kThreads) mine += row' 'c <= columns; c += kThreads) mine += row' 'c <= columns' 'out of bounds'
plant $'sums[thread] = mine;\n  __syncthreads();' 'sums[thread] = mine;' 'sums[thread + half]' 'race|uninitialised'
