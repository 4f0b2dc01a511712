// SPDX-License-Identifier: Apache-2.0
#include "tests/support/device.h"

#include <cstdlib>
#include <string_view>

#include "kernels/base/error.h"

namespace sluice::test {

Device test_device() {
  const char* set = std::getenv("SLUICE_TEST_DEVICE");
  const std::string_view name = set == nullptr ? "cpu" : set;
  require(name == "cpu" || name == "cuda", "test_device", "SLUICE_TEST_DEVICE expects cpu or cuda, got '", name, "'");
  return {.kind = name == "cuda" ? DeviceKind::cuda : DeviceKind::cpu};
}

}  // namespace sluice::test
