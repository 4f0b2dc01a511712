// SPDX-License-Identifier: Apache-2.0
#include <sluice/emulator/fault.h>

#include <cstdint>
#include <vector>

#include <sluice/base/error.h>
#include <sluice/emulator/block.h>
#include <sluice/emulator/checker.h>
#include <sluice/emulator/device_memory.h>

namespace sluice::emulator {
namespace {

// Leaves the handler by switching stacks. The signal is not blocked while it runs (SA_NODEFER), so nothing is left to
// undo; and it comes from the kernel's own code, so no lock is held.
[[maybe_unused]] void on_fault(int signal, siginfo_t* info, void*) {
  if (self == nullptr) {  // not a kernel's: let it happen again and end the process
    std::signal(signal, SIG_DFL);
    return;
  }
  accesses_are_own = true;
  const auto* address = static_cast<const std::byte*>(info->si_addr);
  const std::byte* stack = self->fiber->stack_begin();
  if (address < stack && address >= stack - Fiber::kGuardBytes)
    fail("stack overflow: a thread has 64 KiB for its local variables", Location());
  fail(concat("access to memory that is not there: ", describe(address)), Location());
}

}  // namespace

FaultGuard::FaultGuard() {
#ifndef __SANITIZE_ADDRESS__
  static std::vector<std::byte> stack(std::size_t{256} << 10);
  const stack_t own{.ss_sp = stack.data(), .ss_flags = 0, .ss_size = stack.size()};
  sigaltstack(&own, &stack_before_);
  struct sigaction action {};
  action.sa_sigaction = on_fault;
  action.sa_flags = SA_SIGINFO | SA_ONSTACK | SA_NODEFER;
  sigaction(SIGSEGV, &action, &segmentation_before_);
  sigaction(SIGBUS, &action, &bus_before_);
#endif
}

FaultGuard::~FaultGuard() {
#ifndef __SANITIZE_ADDRESS__
  sigaction(SIGSEGV, &segmentation_before_, nullptr);
  sigaction(SIGBUS, &bus_before_, nullptr);
  sigaltstack(&stack_before_, nullptr);
#endif
}

}  // namespace sluice::emulator
