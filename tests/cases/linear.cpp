// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/linear.h>

#include "tests/cases/cases.h"

namespace sluice::test {
namespace {

OpCase linear_case(std::string name, std::int64_t rows, std::int64_t in, std::int64_t out, bool bias) {
  OpCase result{
      .op = "linear",
      .name = std::move(name),
      .inputs = {{.name = "x", .shape = {rows, in}},
                 {.name = "weight", .shape = {out, in}, .role = CaseInput::Role::parameter}},
      .run = [](const std::vector<Variable>& v) { return ops::linear(v[0], v[1], v.size() > 2 ? v[2] : Variable()); },
      .flops = 2.0 * static_cast<double>(rows * in * out)};
  if (bias) result.inputs.push_back({.name = "bias", .shape = {out}, .role = CaseInput::Role::parameter});
  return result;
}

}  // namespace

std::vector<OpCase> linear_cases() {
  std::vector<OpCase> cases{linear_case("one", 1, 1, 1, true), linear_case("odd", 5, 7, 3, true),
                            linear_case("no_bias", 17, 33, 19, false), linear_case("wide", 3, 130, 65, true)};
  for (OpCase& large : std::vector{
           linear_case("resnet18_head", 128, 512, 10, true), linear_case("mlp_first", 256, 784, 1000, true),
           linear_case("mlp_middle", 256, 1000, 1000, true), linear_case("paper_middle", 200, 500, 500, true)}) {
    large.benchmark_only = true;
    cases.push_back(large);
  }
  return cases;
}

}  // namespace sluice::test
