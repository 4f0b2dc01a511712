// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/pad.h>

#include "tests/cases/cases.h"

namespace sluice::test {

std::vector<OpCase> pad_cases() {
  std::vector<OpCase> cases;
  const auto add = [&](const char* name, const Shape& shape, std::int64_t before, std::int64_t after,
                       bool benchmark_only = false) {
    cases.push_back({.op = "pad_channels",
                     .name = name,
                     .inputs = {{"x", shape}},
                     .run = [=](const std::vector<Variable>& in) { return ops::pad_channels(in[0], before, after); },
                     .benchmark_only = benchmark_only});
  };
  add("one", {1}, 1, 1);
  add("uneven", {3, 5, 7, 11}, 2, 3);
  add("after_only", {5, 3}, 0, 4);
  add("nothing", {5, 3}, 0, 0);
  add("packs", {3, 5, 16}, 8, 24);
  add("resnet20", {128, 16, 16, 16}, 8, 8, true);
  return cases;
}

}  // namespace sluice::test
