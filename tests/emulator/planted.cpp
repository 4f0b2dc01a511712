// SPDX-License-Identifier: Apache-2.0
#include "tests/emulator/planted.h"

#include <cuda_runtime_api.h>

#include <sluice/base/error.h>
#include <sluice/emulator/checker.h>

namespace sluice::test {

std::vector<Planted> all_planted() {
  std::vector<Planted> all = planted_in_small_kernels();
  for (const auto& more : {planted_in_whole_kernels(), planted_in_runtime_use()})
    all.insert(all.end(), more.begin(), more.end());
  return all;
}

Outcome outcome_of(const Planted& planted) {
  Outcome outcome;
  try {
    outcome.right = planted.run();
  } catch (const DeviceError& error) {
    outcome.report = error.what();
  }
  cudaDeviceReset();
  return outcome;
}

bool checked_build() { return emulator::checker != nullptr; }

}  // namespace sluice::test
