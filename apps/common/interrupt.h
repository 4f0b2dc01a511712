// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <signal.h>

#include <array>
#include <chrono>

#include <sluice/base/error.h>

namespace sluice::apps {

// Thrown where work was left because of a signal.
struct Interrupted : Error {
  Interrupted() : Error("interrupted") {}
};

// While one lives, signals that announce an end only set a flag, so that the step under way can be finished and saved:
// SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2 (batch systems warn by them), SIGXCPU, SIGXFSZ, and SIGPIPE, of a reader
// that has gone. A later SIGINT or SIGTERM ends the process at once, as if nothing had been installed, but not within
// `apart` of the signal before: those two are one. A signal that is ignored stays ignored (nohup).
class InterruptGuard {
 public:
  explicit InterruptGuard(std::chrono::milliseconds apart = std::chrono::seconds(1));
  ~InterruptGuard();
  InterruptGuard(const InterruptGuard&) = delete;
  InterruptGuard& operator=(const InterruptGuard&) = delete;

  static constexpr std::array kSignals{SIGINT, SIGTERM, SIGHUP, SIGUSR1, SIGUSR2, SIGXCPU, SIGXFSZ, SIGPIPE};

 private:
  std::array<struct sigaction, kSignals.size()> before_{};
};

// In a process that was forked under a guard: the signals do again what they do by default.
void restore_default_signals();

// Whether a signal came since the guard was made.
bool interrupted();

}  // namespace sluice::apps
