// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/dropout.h>

#include "tests/cases/cases.h"

namespace sluice::test {

std::vector<OpCase> dropout_cases() {
  std::vector<OpCase> cases;
  const auto add = [&](const char* name, const Shape& shape, double probability, Mode mode,
                       bool benchmark_only = false) {
    cases.push_back(
        {.op = "dropout",
         .name = name,
         .inputs = {{"x", shape}},
         .run = [=](const std::vector<Variable>& in) { return ops::dropout(in[0], probability, 7, 11, mode); },
         .benchmark_only = benchmark_only});
  };
  add("one", {1}, 0.5, Mode::train);
  add("odd", {3, 5, 7, 11}, 0.3, Mode::train);
  add("two_threads", {3, 1999}, 0.9, Mode::train);
  add("eval", {3, 5}, 0.3, Mode::eval);
  add("wide_resnet", {128, 16, 16, 160}, 0.3, Mode::train, true);
  return cases;
}

}  // namespace sluice::test
