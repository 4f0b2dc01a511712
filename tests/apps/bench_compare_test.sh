#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# compare.py's sums and tables, with stand-ins of known times for both sides.   bench_compare_test.sh PATH/TO/compare.py
set -euo pipefail
compare=$1
command -v python3 >/dev/null || { echo "skipped: no python3"; exit 77; }
SLUICE_BIN=${SLUICE_BIN:-.}
# shellcheck source=tests/apps/expect.sh
source "$(dirname "$0")/expect.sh"

# stand_in NAME PARAMETERS SECONDS...: a program that writes the report of a run with these step times.
stand_in() {
  local name=$1 parameters=$2
  shift 2
  local steps blas=
  [[ $name == ours ]] || blas='"blas": "/lib/openblas", '
  steps=$(IFS=,; echo "$*")
  cat >"$name" <<SCRIPT
#!/usr/bin/env bash
while ((\$#)); do [[ \$1 == --json ]] && file=\$2; [[ \$1 == --layout ]] && layout=\$2; shift; done
extra=0
[[ \${layout:-} == nchw ]] && extra=9
cat >"\$file" <<REPORT
{"version": "1", "machine": {"compiler": "c", "flags": "f", "processor": "p", "processors": 2}, "threads": 2,
 $blas"parameters": $parameters, "step_seconds": [$steps, \$extra.5], "median_ms": 1, "minimum_ms": 1,
 "peak_resident_bytes": 1048576,
 "load": {"wall_seconds": 1, "cpu_per_wall": 2, "others_per_wall": 0, "page_faults": 0}}
REPORT
SCRIPT
  chmod +x "$name"
}
stand_in ours 7 0.125 0.25
stand_in theirs 7 0.5 1
stand_in stranger 8 0.5 1
printf '#!/usr/bin/env bash\nexit 3\n' >failing && chmod +x failing

arguments=(--python ./theirs --program ./ours --rounds 2 --threads 2 --steps 1 --cases resnet20:fp32:128)
expect 0 'resnet20 fp32 b128 \| shipped \(nhwc\) \| 250.0 \(125.0\) \| 500.0 \(500.0\) \| \*\*2.00\*\* \(4.00\)' \
  python3 "$compare" "${arguments[@]}" --json report.json --markdown table.md
expect 0 'tuned \(nhwc\)' cat table.md
expect 0 '"ratio_of_medians": 2.0' cat report.json
# Two processes of one thread each do two steps in the time of one.
expect 0 'mlp_paper fp32 b100 \| at once \((shipped|tuned)\) \| 125.0 \(62.5\) \| 250.0 \(250.0\) \| \*\*2.00\*\*' \
  python3 "$compare" "${arguments[@]}" --cases mlp_paper:fp32:100
expect 1 'not the same model on both sides' python3 "$compare" "${arguments[@]}" --python ./stranger
expect 1 'failed with 3' python3 "$compare" "${arguments[@]}" --program ./failing
expect 2 'expects MODEL:fp32' python3 "$compare" --cases resnet20
expect 2 'no program' python3 "$compare" --program ./absent
finish
