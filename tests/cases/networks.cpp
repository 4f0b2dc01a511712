// SPDX-License-Identifier: Apache-2.0
// Layers that are made of other operations.
#include <sluice/core/ops/attention.h>
#include <sluice/core/ops/conv1d.h>
#include <sluice/core/ops/conv_transpose2d.h>
#include <sluice/core/ops/dropout_parts.h>
#include <sluice/core/ops/norms.h>

#include "tests/cases/cases.h"
#include "tests/cases/resident.h"

namespace sluice::test {
namespace {

using Inputs = std::vector<Variable>;
using Role = CaseInput::Role;

void add_norms(std::vector<OpCase>& cases) {
  const auto groups = [&](const char* name, const Shape& x, std::int64_t count, bool benchmark_only = false) {
    cases.push_back({.op = "group_norm",
                     .name = name,
                     .inputs = {{.name = "x", .shape = x, .low = -1, .high = 3},
                                {.name = "weight", .shape = {x[-1]}, .role = Role::parameter},
                                {.name = "bias", .shape = {x[-1]}, .role = Role::parameter}},
                     .run = [=](const Inputs& in) { return ops::group_norm(in[0], count, in[1], in[2]); },
                     .benchmark_only = benchmark_only});
  };
  groups("odd", {3, 5, 7, 6}, 3);
  groups("one_group", {2, 3, 3, 5}, 1);
  groups("rows", {5, 8}, 2);
  groups("empty", {0, 3, 5, 4}, 2);
  groups("resnet20_stage1", {128, 32, 32, 16}, 4, true);
  cases.push_back({.op = "group_norm", .name = "bare", .inputs = {{"x", {2, 7, 4}}}, .run = [](const Inputs& in) {
                     return ops::group_norm(in[0], 2);
                   }});
  cases.push_back({.op = "instance_norm",
                   .name = "odd",
                   .inputs = {{.name = "x", .shape = {3, 5, 7, 6}, .low = -1, .high = 3},
                              {.name = "weight", .shape = {6}, .role = Role::parameter},
                              {.name = "bias", .shape = {6}, .role = Role::parameter}},
                   .run = [](const Inputs& in) { return ops::instance_norm(in[0], in[1], in[2]); }});
  for (const auto& [name, shape] :
       {std::pair{"two", Shape{1, 2}}, std::pair{"odd", Shape{3, 5, 37}}, std::pair{"empty", Shape{0, 5}}})
    cases.push_back({.op = "rms_norm",
                     .name = name,
                     .inputs = {{.name = "x", .shape = shape, .low = -1, .high = 3},
                                {.name = "weight", .shape = {shape[-1]}, .role = Role::parameter}},
                     .run = [](const Inputs& in) { return ops::rms_norm(in[0], in[1], 1e-3); }});
}

void add_dropouts(std::vector<OpCase>& cases) {
  const auto add = [&](const char* op, std::function<Variable(const Variable&)> function) {
    cases.push_back(
        {.op = op, .name = "odd", .inputs = {{"x", {7, 3, 5, 9}}}, .run = [f = std::move(function)](const Inputs& in) {
           return f(in[0]);
         }});
  };
  add("dropout_channels", [](const Variable& x) { return ops::dropout_channels(x, 0.3, 7, 5, Mode::train); });
  add("dropout_paths", [](const Variable& x) { return ops::dropout_paths(x, 0.3, 7, 5, Mode::train); });
}

void add_attention(std::vector<OpCase>& cases) {
  struct Sizes {
    std::int64_t batch, queries, keys, width, values;
  };
  const auto add = [&](const char* name, const Sizes& s, const ops::AttentionOptions& options,
                       bool benchmark_only = false) {
    cases.push_back({.op = "scaled_dot_product_attention",
                     .name = name,
                     .inputs = {{"q", {s.batch, s.queries, s.width}},
                                {"k", {s.batch, s.keys, s.width}},
                                {"v", {s.batch, s.keys, s.values}}},
                     .run =
                         [options, mask = Resident(options.mask)](const Inputs& in) {
                           ops::AttentionOptions there = options;
                           if (options.mask.defined()) there.mask = mask.to(in[0].value().device());
                           return ops::scaled_dot_product_attention(in[0], in[1], in[2], there);
                         },
                     // Probabilities are rounded to bf16 between the two products.
                     .tolerance_bf16 = 4e-2,
                     .flops = 2.0 * static_cast<double>(s.batch * s.queries * s.keys * (s.width + s.values)),
                     .benchmark_only = benchmark_only});
  };
  const Tensor mask = Tensor::from<std::uint8_t>({1, 0, 1, 1, 1, 1, 0, 0, 9, 0, 0, 1, 1, 1, 1}, {3, 5});
  add("one", {1, 1, 1, 1, 1}, {});
  add("odd", {2, 3, 5, 7, 4}, {});
  add("causal", {2, 5, 5, 3, 3}, {.causal = true});
  add("causal_of_more_keys", {1, 3, 5, 4, 2}, {.causal = true});
  add("empty", {0, 3, 5, 4, 2}, {});
  add("masked", {2, 3, 5, 4, 4}, {.mask = mask, .scale = 0.7});
  add("heads", {64, 128, 128, 64, 64}, {.causal = true}, true);
}

void add_transposed(std::vector<OpCase>& cases) {
  using Options = ops::ConvTranspose2dOptions;
  const auto add = [&](const char* name, const Shape& x, const Shape& weight, const Options& options,
                       bool benchmark_only = false) {
    const std::int64_t channels = weight[3] * options.groups;
    cases.push_back({.op = "conv_transpose2d",
                     .name = name,
                     .inputs = {{"x", x},
                                {.name = "weight", .shape = weight, .role = Role::parameter},
                                {.name = "bias", .shape = {channels}, .role = Role::parameter}},
                     .run = [options](const Inputs& in) { return ops::conv_transpose2d(in[0], in[1], in[2], options); },
                     .flops = 2.0 * static_cast<double>(x.size()) * static_cast<double>(weight.size() / weight[0]),
                     .benchmark_only = benchmark_only});
  };
  add("one", {1, 1, 1, 1}, {1, 1, 1, 1}, {});
  add("odd", {2, 4, 5, 3}, {3, 3, 2, 5}, {.padding = {1, 0}});
  add("twice", {2, 4, 4, 16}, {16, 2, 2, 8}, {.stride = {2, 2}});
  add("groups", {2, 3, 4, 6}, {6, 3, 3, 2},
      {.stride = {2, 3}, .output_padding = {1, 2}, .dilation = {2, 1}, .groups = 3});
  add("upsample", {32, 16, 16, 64}, {64, 4, 4, 32}, {.stride = {2, 2}, .padding = {1, 1}}, true);
}

void add_sequences(std::vector<OpCase>& cases) {
  const auto add = [&](const char* name, const Shape& x, const Shape& weight, const ops::Conv1dOptions& options) {
    cases.push_back({.op = "conv1d",
                     .name = name,
                     .inputs = {{"x", x},
                                {.name = "weight", .shape = weight, .role = Role::parameter},
                                {.name = "bias", .shape = {weight[0]}, .role = Role::parameter}},
                     .run = [options](const Inputs& in) { return ops::conv1d(in[0], in[1], in[2], options); }});
  };
  add("one", {1, 1, 1}, {1, 1, 1}, {});
  add("odd", {3, 11, 5}, {4, 3, 5}, {.padding = 1});
  add("strided", {2, 13, 4}, {6, 3, 2}, {.stride = 2, .padding = 2, .dilation = 2, .groups = 2});
}

}  // namespace

std::vector<OpCase> network_cases() {
  std::vector<OpCase> cases;
  add_norms(cases);
  add_dropouts(cases);
  add_attention(cases);
  add_sequences(cases);
  add_transposed(cases);
  return cases;
}

}  // namespace sluice::test
