// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/softmax.h>

#include "tests/cases/cases.h"

namespace sluice::test {

std::vector<OpCase> softmax_cases() {
  struct Kind {
    const char* op;
    Variable (*function)(const Variable&, int);
  };
  std::vector<OpCase> cases;
  for (const Kind& kind : {Kind{"softmax", ops::softmax}, Kind{"log_softmax", ops::log_softmax}}) {
    const auto add = [&](const char* name, const Shape& shape, double magnitude = 4, bool benchmark_only = false,
                         int axis = -1) {
      cases.push_back({.op = kind.op,
                       .name = name,
                       .inputs = {{.name = "x", .shape = shape, .low = -magnitude, .high = magnitude}},
                       .run = [f = kind.function, axis](const std::vector<Variable>& in) { return f(in[0], axis); },
                       // A probability near 1 rounded to bf16 beside its gradient dy - dot, which cancels.
                       .tolerance_bf16 = 3e-2,
                       .benchmark_only = benchmark_only,
                       // A row that is all but one class leaves bf16 nothing of its gradient.
                       .with_bf16 = magnitude < 100});
    };
    add("one", {1, 1});
    add("odd", {5, 7});
    add("rank3", {3, 5, 11});
    add("many_classes", {67, 131});
    // Rows that four lanes of a warp hold, and such as no warp holds.
    add("few_lanes", {37, 20});
    add("past_a_warp", {5, 259});
    add("middle", {3, 5, 71}, 4, false, 1);
    add("outermost", {37, 3}, 4, false, 0);
    // e^x alone would overflow f32 at both ends.
    add("large", {5, 7}, 200);
    add("large_columns", {7, 5}, 120, false, 0);
    add("cifar10", {128, 10}, 4, true);
    add("thousand_classes", {256, 1000}, 4, true);
  }
  return cases;
}

}  // namespace sluice::test
