#!/usr/bin/env bash
# SPDX-License-Identifier: Apache-2.0
# Installs what is missing, builds and runs the tests.
#   ./test.sh [PRESET]     cpu (the default), cpu-debug, cpu-asan, emulated, ...
set -euo pipefail
case ${1:-} in -h | --help) sed -n '3,4s/^# //p' "$0"; exit 0 ;; esac
cd "$(dirname "$0")"
preset=${1:-cpu}
scripts/setup.sh --tests
scripts/build.sh "$preset"
source scripts/environment.sh
# Tests take a thread or two each; more at once only get in each other's way. A thread that waits leaves its processor to them.
export OMP_WAIT_POLICY=passive
ctest --preset "$preset" --parallel "$(nproc)"
