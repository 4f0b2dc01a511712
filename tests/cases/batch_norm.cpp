// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/batch_norm.h>

#include <sluice/core/ops/fused/batch_norm_relu.h>
#include "tests/cases/cases.h"

namespace sluice::test {
namespace {

using Inputs = std::vector<Variable>;
// Input 4 is the residual, where there is one.
using Apply = Variable (*)(const Inputs&, ops::BatchNormStatistics&, const ops::BatchNormOptions&);

struct Kind {
  const char* op;
  Apply apply;
  bool residual = false;
};

const Kind kKinds[] = {
    {"batch_norm",
     [](const Inputs& in, ops::BatchNormStatistics& statistics, const ops::BatchNormOptions& options) {
       return ops::batch_norm(in[0], in[1], in[2], statistics, options);
     }},
    {"batch_norm_relu",
     [](const Inputs& in, ops::BatchNormStatistics& statistics, const ops::BatchNormOptions& options) {
       return ops::batch_norm_relu(in[0], in[1], in[2], statistics, options);
     }},
    {"batch_norm_add_relu",
     [](const Inputs& in, ops::BatchNormStatistics& statistics, const ops::BatchNormOptions& options) {
       return ops::batch_norm_add_relu(in[0], in[5], in[1], in[2], statistics, options);
     },
     true},
};

OpCase make_case(const Kind& kind, const char* name, const Shape& shape, Mode mode, bool benchmark_only) {
  const Shape channels{shape[-1]};
  using enum CaseInput::Role;
  OpCase op_case{
      .op = kind.op,
      .name = name,
      .inputs = {{.name = "x", .shape = shape, .low = -2, .high = 3},
                 {.name = "weight", .shape = channels, .low = 0.5, .high = 2, .role = parameter},
                 {.name = "bias", .shape = channels, .role = parameter},
                 {.name = "running_mean", .shape = channels, .role = constant_parameter},
                 {.name = "running_var", .shape = channels, .low = 0.5, .high = 2, .role = constant_parameter}},
      .run =
          [apply = kind.apply, mode](const Inputs& in) {
            ops::BatchNormStatistics statistics{in[3].value().clone(), in[4].value().clone()};
            return apply(in, statistics, {.mode = mode});
          },
      .tolerance = 2e-5,
      // A relu may go the other way for a value that rounds past zero: one element of many.
      .tolerance_bf16 = 4e-2,
      .benchmark_only = benchmark_only};
  if (kind.residual) op_case.inputs.push_back({.name = "residual", .shape = shape});
  return op_case;
}

}  // namespace

std::vector<OpCase> batch_norm_cases() {
  std::vector<OpCase> cases;
  for (const Kind& kind : kKinds) {
    const auto add = [&](const char* name, const Shape& shape, Mode mode, bool benchmark_only = false) {
      cases.push_back(make_case(kind, name, shape, mode, benchmark_only));
    };
    add("one_channel", {7, 1}, Mode::train);
    add("few_channels", {33, 3}, Mode::train);
    add("whole_vector", {5, 3, 3, 16}, Mode::train);
    // 64, 32, 16 and 3 channels: every width of the loops.
    add("every_width", {37, 115}, Mode::train);
    add("several_chunks", {3, 20, 11, 20}, Mode::train);
    add("eval", {3, 4, 5, 35}, Mode::eval);
    add("eval_single_row", {1, 21}, Mode::eval);
    add("resnet20_stage1", {128, 32, 32, 16}, Mode::train, true);
    add("resnet20_stage2", {128, 16, 16, 32}, Mode::train, true);
    add("resnet20_stage3", {128, 8, 8, 64}, Mode::train, true);
    add("resnet18_stage1", {128, 32, 32, 64}, Mode::train, true);
    add("resnet18_stage4", {128, 4, 4, 512}, Mode::train, true);
    if (kind.residual) continue;
    add("mlp", {256, 1000}, Mode::train, true);
    add("mlp_paper", {200, 500}, Mode::train, true);
  }
  return cases;
}

}  // namespace sluice::test
