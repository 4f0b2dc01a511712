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

# A layer includes only layers below it: base < emulator < kernels < core < nn, optim, data, flooding, analysis < apps.
forbid() { # folder, layers that it must not include
  if grep -nE "#include [<\"](sluice/)?($2)/" -r "$1" --include='*.h' --include='*.cpp' --include='*.cu' --include='*.cuh'; then
    echo "$1 must not include these"
    failed=1
  fi
}
forbid base 'emulator|kernels|core|nn|optim|data|flooding|analysis|apps|tests'
forbid emulator 'kernels|core|nn|optim|data|flooding|analysis|apps|tests'
forbid kernels 'core|nn|optim|data|flooding|analysis|apps|tests'
forbid core 'nn|optim|data|flooding|analysis|apps|tests'
forbid nn 'optim|data|flooding|analysis|apps|tests'
forbid optim 'nn|data|flooding|analysis|apps|tests'
forbid data 'nn|optim|flooding|analysis|apps|tests'
forbid flooding 'nn|optim|data|analysis|apps|tests'
forbid analysis 'nn|optim|data|flooding|apps|tests'
scripts/check_operations.py || failed=1
exit $failed
