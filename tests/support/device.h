// SPDX-License-Identifier: Apache-2.0
// The device that a test runs on: SLUICE_TEST_DEVICE, "cpu" (where it is not set) or "cuda". Where the device can't be
// used, every test of a program that asks for it is skipped, and says why.
#pragma once

#include <sluice/base/exec.h>

namespace sluice::test {

// Throws std::invalid_argument for another name.
Device test_device();

}  // namespace sluice::test
