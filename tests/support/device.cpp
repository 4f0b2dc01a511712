// SPDX-License-Identifier: Apache-2.0
#include "tests/support/device.h"

#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include <sluice/base/error.h>
#include <sluice/kernels/runtime/device.h>

namespace sluice::test {
namespace {

class NeedsItsDevice : public testing::Environment {
 public:
  void SetUp() override {
    const std::string why = kernels::why_unusable(test_device());
    if (why.empty()) return;
    // GoogleTest runs no test then, and calls each one passed; ctest looks for this.
    std::printf("[  SKIPPED ] every test: %s\n", why.c_str());
    GTEST_SKIP() << why;
  }
};

[[maybe_unused]] testing::Environment* const registered = testing::AddGlobalTestEnvironment(new NeedsItsDevice);

}  // namespace

Device test_device() {
  const char* set = std::getenv("SLUICE_TEST_DEVICE");
  const std::string_view name = set == nullptr ? "cpu" : set;
  require(name == "cpu" || name == "cuda", "test_device", "SLUICE_TEST_DEVICE expects cpu or cuda, got '", name, "'");
  return {.kind = name == "cuda" ? DeviceKind::cuda : DeviceKind::cpu};
}

}  // namespace sluice::test
