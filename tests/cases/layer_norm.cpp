// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/layer_norm.h>

#include "tests/cases/cases.h"

namespace sluice::test {

std::vector<OpCase> layer_norm_cases() {
  std::vector<OpCase> cases;
  const auto add = [&](const char* name, const Shape& shape, bool benchmark_only = false) {
    const Shape channels{shape[-1]};
    using enum CaseInput::Role;
    cases.push_back({.op = "layer_norm",
                     .name = name,
                     .inputs = {{.name = "x", .shape = shape, .low = -2, .high = 3},
                                {.name = "weight", .shape = channels, .low = 0.5, .high = 2, .role = parameter},
                                {.name = "bias", .shape = channels, .role = parameter}},
                     .run = [](const std::vector<Variable>& in) { return ops::layer_norm(in[0], in[1], in[2]); },
                     .tolerance = 2e-5,
                     .benchmark_only = benchmark_only});
  };
  add("single_row", {1, 5});
  add("few_channels", {7, 3});
  add("odd", {3, 5, 7, 37});
  add("several_chunks", {101, 20});
  add("packs", {9, 32});
  add("mlp", {256, 1000}, true);
  add("resnet20_stage1", {128, 32, 32, 16}, true);
  return cases;
}

}  // namespace sluice::test
