#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Checks the format of every source file, its licence line, and that includes go down only; --fix formats in place.
set -euo pipefail
cd "$(dirname "$0")/.."
mapfile -t files < <(git ls-files -co --exclude-standard '*.h' '*.cpp' '*.cu' '*.cuh')

if [[ ${1:-} == --fix ]]; then
  clang-format -i "${files[@]}"
  exit 0
fi
failed=0
clang-format --dry-run --Werror "${files[@]}" || failed=1

for file in $(git ls-files -co --exclude-standard '*.h' '*.cpp' '*.cu' '*.cuh' '*.py' '*.sh' '*.cmake' '*CMakeLists.txt'); do
  head -n 3 "$file" | grep -q 'SPDX-License-Identifier: Apache-2.0' || { echo "$file: no SPDX line"; failed=1; }
done

scripts/check_layers.py || failed=1
scripts/check_operations.py || failed=1
exit $failed
