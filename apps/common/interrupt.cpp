// SPDX-License-Identifier: Apache-2.0
#include "apps/common/interrupt.h"

#include <csignal>

namespace sluice::apps {
namespace {

volatile std::sig_atomic_t came = 0;

void note_signal(int) {
  came = 1;
  // The next one, of either kind, is not ours any more.
  std::signal(SIGINT, SIG_DFL);
  std::signal(SIGTERM, SIG_DFL);
}

void install(int signal, struct sigaction& before) {
  ::sigaction(signal, nullptr, &before);
  if (before.sa_handler == SIG_IGN) return;
  struct sigaction action {};
  action.sa_handler = note_signal;
  // Reads and writes under way go on.
  action.sa_flags = SA_RESTART;
  ::sigaction(signal, &action, nullptr);
}

}  // namespace

InterruptGuard::InterruptGuard() {
  came = 0;
  install(SIGINT, interrupt_before_);
  install(SIGTERM, terminate_before_);
}

InterruptGuard::~InterruptGuard() {
  ::sigaction(SIGINT, &interrupt_before_, nullptr);
  ::sigaction(SIGTERM, &terminate_before_, nullptr);
}

bool interrupted() { return came != 0; }

}  // namespace sluice::apps
