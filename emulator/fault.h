// SPDX-License-Identifier: Apache-2.0
// A kernel that touches memory which is not there, or runs out of its stack, ends as a Failure instead of with the
// process.
#pragma once

#include <csignal>

namespace sluice::emulator {

// While it lives, a memory fault of a kernel's thread is that thread's failure. Nothing under AddressSanitizer, which
// reports faults itself.
class FaultGuard {
 public:
  FaultGuard();
  ~FaultGuard();
  FaultGuard(const FaultGuard&) = delete;
  FaultGuard& operator=(const FaultGuard&) = delete;

 private:
  stack_t stack_before_{};
  struct sigaction segmentation_before_ {};
  struct sigaction bus_before_ {};
};

}  // namespace sluice::emulator
