// SPDX-License-Identifier: Apache-2.0
#include "apps/common/interrupt.h"

#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace sluice::apps {
namespace {

volatile std::sig_atomic_t came = 0;
// Read and written by the handler only, with all its signals blocked.
std::int64_t last_nanoseconds = 0;
std::int64_t apart_nanoseconds = 0;

std::int64_t now_nanoseconds() {
  timespec now{};
  ::clock_gettime(CLOCK_MONOTONIC, &now);
  return std::int64_t{now.tv_sec} * 1000000000 + now.tv_nsec;
}

void note_signal(int signal) {
  const int error = errno;
  const std::int64_t now = now_nanoseconds();
  const bool asked = signal == SIGINT || signal == SIGTERM;
  if (came != 0 && asked && now - last_nanoseconds >= apart_nanoseconds) {
    // It is blocked until this handler returns, and then ends the process.
    std::signal(signal, SIG_DFL);
    ::raise(signal);
  }
  if (came == 0 && asked) {
    constexpr char word[] = "\nStopping: what is done is saved first. Once more ends at once.\n";
    [[maybe_unused]] const ssize_t told = ::write(STDERR_FILENO, word, sizeof word - 1);
  }
  came = 1;
  last_nanoseconds = now;
  errno = error;
}

}  // namespace

InterruptGuard::InterruptGuard(std::chrono::milliseconds apart) {
  came = 0;
  apart_nanoseconds = std::chrono::nanoseconds(apart).count();
  struct sigaction action {};
  action.sa_handler = note_signal;
  // Reads and writes under way go on.
  action.sa_flags = SA_RESTART;
  for (const int signal : kSignals) sigaddset(&action.sa_mask, signal);
  for (std::size_t i = 0; i < kSignals.size(); ++i) {
    ::sigaction(kSignals[i], nullptr, &before_[i]);
    if (before_[i].sa_handler != SIG_IGN) ::sigaction(kSignals[i], &action, nullptr);
  }
}

InterruptGuard::~InterruptGuard() {
  for (std::size_t i = 0; i < kSignals.size(); ++i) ::sigaction(kSignals[i], &before_[i], nullptr);
}

void restore_default_signals() {
  for (const int signal : InterruptGuard::kSignals) std::signal(signal, SIG_DFL);
}

bool interrupted() { return came != 0; }

}  // namespace sluice::apps
