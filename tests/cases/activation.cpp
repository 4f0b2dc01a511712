// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/activation.h>

#include "tests/cases/cases.h"

namespace sluice::test {

std::vector<OpCase> activation_cases() {
  struct Kind {
    const char* op;
    Variable (*function)(const Variable&);
    double gap_at_zero;
  };
  std::vector<OpCase> cases;
  for (const Kind& kind : {Kind{"relu", ops::relu, 0.01}, Kind{"gelu", ops::gelu, 0}, Kind{"silu", ops::silu, 0}}) {
    const auto add = [&](const char* name, const Shape& shape, bool benchmark_only = false) {
      cases.push_back({.op = kind.op,
                       .name = name,
                       .inputs = {{.name = "x", .shape = shape, .low = -4, .high = 4, .gap_at_zero = kind.gap_at_zero}},
                       .run = [f = kind.function](const std::vector<Variable>& in) { return f(in[0]); },
                       .benchmark_only = benchmark_only});
    };
    add("one", {1});
    add("odd", {3, 5, 7, 11});
    add("resnet20_stage1", {128, 32, 32, 16}, true);
  }
  return cases;
}

}  // namespace sluice::test
