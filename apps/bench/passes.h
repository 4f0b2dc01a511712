// SPDX-License-Identifier: Apache-2.0
// The passes of an operation's case, and the time that one of them takes.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "apps/bench/report.h"
#include "apps/bench/timer.h"
#include "tests/support/op_case.h"

namespace sluice::bench {

// Forward as in training, or the way back to one input alone.
struct Pass {
  std::string name;                  // "forward", "backward_input", "backward_weight", "backward_<input>"
  std::optional<std::size_t> input;  // whose gradient it makes; none for forward
};

std::vector<Pass> passes_of(const test::OpCase& op_case);

struct Budget {
  std::size_t repetitions = 10;  // at least
  double seconds = 0.3;          // at least, all that a repetition needs included
};

struct Measurement {
  Summary time;
  double flops = 0;
  double bytes = 0;  // that the pass must move
};

// Times the pass on `inputs`, which are the case's and on the timer's device.
Measurement measure(const test::OpCase& op_case, const Pass& pass, const std::vector<Tensor>& inputs,
                    const Budget& budget, Timer& timer);

}  // namespace sluice::bench
