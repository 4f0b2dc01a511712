// SPDX-License-Identifier: Apache-2.0
#include "tests/cases/cases.h"
#include "tests/support/formulas.h"

namespace sluice::test {

std::vector<OpCase> pointwise_cases() {
  using In = std::vector<Variable>;
  std::vector<OpCase> cases;
  const auto add_gate = [&](const char* name, const Shape& a, const Shape& b, bool benchmark_only = false) {
    cases.push_back({.op = "pointwise",
                     .name = name,
                     .inputs = {{"a", a, -2, 2}, {"b", b, -2, 2}},
                     .run = [](const In& in) { return gate(in[0], in[1]); },
                     .benchmark_only = benchmark_only});
  };
  add_gate("one", {1}, {1});
  add_gate("empty", {0, 3}, {3});
  add_gate("odd", {3, 7, 11}, {3, 7, 11});
  add_gate("scalar_left", {}, {3, 7});
  add_gate("row", {67, 24}, {24});
  add_gate("both_ways", {3, 1, 8}, {4, 1});
  add_gate("resnet20_stage1", {128, 32, 32, 16}, {128, 32, 32, 16}, true);
  cases.push_back({.op = "pointwise",
                   .name = "focal",
                   .inputs = {{"x", {9, 13}, -4, 4}, {"target", {9, 13}, 0.1, 0.9}},
                   .run = [](const In& in) { return focal(in[0], in[1], 2); }});
  cases.push_back({.op = "pointwise",
                   .name = "gaussian_of_three_shapes",
                   .inputs = {{"x", {6, 5, 8}}, {"mean", {8}}, {"log_variance", {6, 1, 1}}},
                   .run = [](const In& in) { return gaussian(in[0], in[1], in[2]); }});
  OpCase seven{.op = "pointwise", .name = "seven_operands", .inputs = {{"x", {5, 9}}}, .run = [](const In& in) {
                 return polynomial(in[0], In(in.begin() + 1, in.end()));
               }};
  for (const char* c : {"c0", "c1", "c2", "c3", "c4", "c5"}) seven.inputs.push_back({c, {5, 9}});
  cases.push_back(seven);
  cases.push_back({.op = "pointwise",
                   .name = "gelu_resnet20_stage1",
                   .inputs = {{"x", {128, 32, 32, 16}, -4, 4}},
                   .run = [](const In& in) { return own_gelu(in[0]); },
                   .benchmark_only = true});
  return cases;
}

}  // namespace sluice::test
