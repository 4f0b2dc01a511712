// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>

namespace sluice::apps {

// While one lives, the first SIGINT or SIGTERM only sets a flag, so that the step under way can be finished and saved;
// a second ends the process at once, as if nothing had been installed. A signal that is ignored stays ignored (nohup).
class InterruptGuard {
 public:
  InterruptGuard();
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

 private:
  struct sigaction interrupt_before_ {};
  struct sigaction terminate_before_ {};
};

// Whether a signal came since the guard was made.
bool interrupted();

}  // namespace sluice::apps
