// SPDX-License-Identifier: Apache-2.0
// Where the time of a training step goes, by the names of the operations on the tape.
#pragma once

#include <chrono>
#include <map>
#include <string>

#include <sluice/core/tape.h>

namespace sluice::bench {

class Profile {
 public:
  // To give to a Tape: each event ends a stretch of time, which is counted for the operation that it names.
  TapeObserver observer();
  // Starts a stretch; what passed since the last event is counted for nobody.
  void start() { last_ = Clock::now(); }
  // Ends a stretch, which is counted under `name`.
  void mark(const std::string& name);

  // Times by name, longest first, with their share and milliseconds a step.
  std::string table(std::int64_t steps) const;

 private:
  using Clock = std::chrono::steady_clock;

  struct Entry {
    double seconds = 0;
    std::int64_t calls = 0;
  };

  Clock::time_point last_ = Clock::now();
  std::map<std::string, Entry> entries_;
};

}  // namespace sluice::bench
