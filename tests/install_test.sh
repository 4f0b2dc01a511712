#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# install_test.sh BUILD_DIR CONSUMER_DIR EXAMPLE_DIR: installs the build into an empty prefix, builds the consumer and the
# example against it in empty folders and runs them.
set -euo pipefail
build=$1 consumer=$2 example=$3
export OMP_NUM_THREADS=1 # small networks; and other tests run beside this one
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cmake --install "$build" --prefix "$work/prefix" >/dev/null
for project in "$consumer" "$example"; do
  name=$(basename "$project")
  cmake -S "$project" -B "$work/$name" -G Ninja -DCMAKE_PREFIX_PATH="$work/prefix" -DCMAKE_BUILD_TYPE=Release >"$work/log" 2>&1 &&
    cmake --build "$work/$name" >>"$work/log" 2>&1 || { cat "$work/log"; exit 1; }
done
cd "$work" && ./consumer/consumer | tee output
grep -qE '^epoch 2: loss [0-9]' output
test -s resnet20.safetensors

./own_loss/own_loss | tee losses
# What follows a name in the output.
line() { sed -n "s/^$1 *//p" losses; }
number() { line "$1" | sed "s/.*$2 \([0-9.]*\).*/\1/"; }
[[ -n $(line flood) && $(line 'ascent 1') == "$(line flood)" ]] || { echo "its flooding at an ascent of 1 is not ours"; exit 1; }
[[ $(line 'ascent 0') != "$(line flood)" && $(line plain) != "$(line flood)" ]] || { echo "its losses are all the same"; exit 1; }
awk -v plain="$(number plain 'test loss')" -v flood="$(number flood 'test loss')" 'BEGIN { exit !(flood < 0.8 * plain) }' ||
  { echo "flooding does not lower the test loss"; exit 1; }
