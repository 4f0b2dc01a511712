#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Proves that the suite sees an off-by-one: plants one in each of three kernels of a copy of the sources, builds the
# checked emulator, and expects the operations' tests to fail for that kernel's cases. Prints the first report of each.
#   tests/emulator/off_by_one.sh [FOLDER]   the copy's folder; default a temporary one
set -euo pipefail
cd "$(dirname "$0")/../.."
copy=${1:-$(mktemp -d)}
mkdir -p "$copy"
git ls-files -co --exclude-standard | tar -cf - -T - | tar -xf - -C "$copy"

plant() { # file, text, text with the mistake
  grep -qF -- "$2" "$copy/$1" || { echo "off_by_one: '$2' is no longer in $1" >&2; exit 2; }
  python3 - "$copy/$1" "$2" "$3" <<'END'
import sys
path, right, wrong = sys.argv[1:]
text = open(path).read()
open(path, "w").write(text.replace(right, wrong, 1))
END
}
plant kernels/cuda/map.h 'i < n; i += stride) out[i]' 'i <= n; i += stride) out[i]'
plant kernels/cuda/pool.cu 'for (int s = max(0, -left); s < end_column; ++s)' 'for (int s = max(0, -left); s <= end_column; ++s)'
plant kernels/cuda/conv2d_gather.h 'position < axis.extent' 'position <= axis.extent'

"$copy/scripts/build.sh" emulated-checked ops_test
failed=0
for cases in 'relu_*' 'max_pool2d_*' 'conv2d_*'; do
  # One mistake would hide the next: a failed kernel ends the device, so each operation has a process of its own.
  if output=$(SLUICE_TEST_DEVICE=cuda "$copy/build/emulated-checked/bin/ops_test" --gtest_filter="*F32AgreesWithDouble/$cases" 2>&1); then
    echo "$cases: NOT SEEN"
    failed=1
  else
    echo "$cases: red"
    grep -m1 -oE 'unspecified launch failure: .*' <<<"$output" | sed 's/unspecified launch failure: /  /; s/" thrown.*//' || true
  fi
done
exit $failed
