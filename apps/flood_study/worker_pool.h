// SPDX-License-Identifier: Apache-2.0
// Work in processes of their own: each has its own threads, allocator and end, so one that fails takes nothing along.
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace sluice::study {

struct Work {
  std::string name;
  std::function<int()> run;  // in its own process; returns its exit code
};

struct WorkFailure {
  std::string name;
  int code;  // the exit code, or the signal's number
  bool by_a_signal;
};

struct PoolOutcome {
  std::vector<WorkFailure> failures;
  bool interrupted = false;
};

// Does the work in order, at most `jobs` at a time. `tick` is called several times a second, `may_go_on` after each
// failure: false ends what is under way and starts no more. So does an interrupt (apps/common/interrupt.h). The calling
// process must have no other thread. Workers end with it, however it ends.
PoolOutcome run_pool(const std::vector<Work>& work, int jobs, const std::function<void()>& tick,
                     const std::function<bool(const WorkFailure&)>& may_go_on);

}  // namespace sluice::study
