#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# What the compiler gave each kernel: kernels/cuda/resources.csv, for each kernel and architecture its registers, bytes
# of shared memory and bytes spilled.
#   scripts/kernel_resources.sh           compiles all kernels and writes the table
#   scripts/kernel_resources.sh --check   compares with it: exit 1 where a kernel spills more than it did, takes more
#                                         than 8 registers more, or is not in the table; 77 where there is no CUDA
#                                         toolkit, or another version of it
set -euo pipefail
cd "$(dirname "$0")/.."
table=kernels/cuda/resources.csv
check=${1:-}
nvcc=$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)
[[ -x $nvcc ]] || { echo "kernel resources: no nvcc here, skipped"; exit 77; }
version=$("$nvcc" --version | sed -n 's/.*release \([0-9.]*\).*/\1/p')
if [[ $check == --check ]] && ! head -n 1 $table | grep -qx "# nvcc $version"; then
  echo "kernel resources: the table is of '$(head -n 1 $table)', this is nvcc $version, skipped"
  exit 77
fi

logs=$(mktemp -d)
trap 'rm -rf "$logs"' EXIT
cache=$(command -v ccache || true)
printf '%s\n' kernels/cuda/*.cu | xargs -P "$(nproc)" -I {} sh -c \
  '$1 "$2" -std=c++20 -O3 --expt-relaxed-constexpr -I. -gencode arch=compute_80,code=sm_80 \
    -gencode arch=compute_90,code=sm_90 -Xptxas -v -c "$3" -o "$4/object.$$" 2>"$4/$(basename "$3").log" ||
    { cat "$4/$(basename "$3").log" >&2; exit 255; }' _ "$cache" "$nvcc" {} "$logs"

# "Compiling entry function 'NAME' for 'sm_90'", then "n bytes spill stores", then "Used n registers, ... n bytes smem".
cat "$logs"/*.log |
  awk -F"'" '/Compiling entry function/ {name = $2; architecture = $4; spilled = 0}
    match($0, /[0-9]+ bytes spill stores/) {spilled = substr($0, RSTART) + 0}
    match($0, /Used [0-9]+ registers/) {
      registers = substr($0, RSTART + 5) + 0
      shared = match($0, /[0-9]+ bytes smem/) ? substr($0, RSTART) + 0 : 0
      if (name != "") print name, architecture, registers, shared, spilled
      name = ""
    }' |
  c++filt |
  # Kernels without return type, namespaces and parameters.
  sed -E -e 's/^void //; s/\(anonymous namespace\):://g; s/sluice::(kernels::)?(cuda::)?//g' \
    -e 's/\(([A-Za-z0-9]+::)?[A-Za-z0-9]+\)([0-9]+)/\2/g' \
    -e 's/^([a-z0-9_]+(<.*>)?)\(.*\) (sm_[0-9]+) /\1 \3 /' \
    -e 's/^(.*) (sm_[0-9]+) ([0-9]+) ([0-9]+) ([0-9]+)$/"\1",\2,\3,\4,\5/' |
  LC_ALL=C sort -u >"$logs/rows"
{
  echo "# nvcc $version"
  echo kernel,architecture,registers,shared_bytes,spilled_bytes
  cat "$logs/rows"
} >"$logs/table.csv"

if [[ $check != --check ]]; then
  cp "$logs/table.csv" $table
  echo "$table: $(wc -l <"$logs/rows") rows"
  exit 0
fi
# A name may hold commas: the numbers are counted from the end.
awk -F, '
  FNR <= 2 {next}
  {key = $0; sub(/,[0-9]+,[0-9]+,[0-9]+$/, "", key)}
  NR == FNR {registers[key] = $(NF - 2); spilled[key] = $NF; next}
  !(key in registers) {print key " is not in the table: run scripts/kernel_resources.sh"; bad = 1; next}
  $(NF - 2) > registers[key] + 8 {print key " takes " $(NF - 2) " registers, was " registers[key]; bad = 1}
  $NF > spilled[key] {print key " spills " $NF " bytes, was " spilled[key]; bad = 1}
  END {exit bad}' $table "$logs/table.csv"
echo "kernel resources: $(wc -l <"$logs/rows") rows, none worse than the table's"
