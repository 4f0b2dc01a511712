#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds and runs the tests.   ./test.sh [PRESET]   (cpu, cpu-debug, cpu-asan, emulated, ...; default cpu)
set -euo pipefail
cd "$(dirname "$0")"
preset=${1:-cpu}
scripts/setup.sh
scripts/build.sh "$preset"
# Tests take a thread or two each; more at once only get in each other's way. A thread that waits leaves its processor to them.
export OMP_WAIT_POLICY=passive
ctest --preset "$preset" --parallel "$(nproc)"
