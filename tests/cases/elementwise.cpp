// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/elementwise.h>

#include "tests/cases/cases.h"

namespace sluice::test {

std::vector<OpCase> elementwise_cases() {
  const auto add_two = [](const std::vector<Variable>& in) { return ops::add(in[0], in[1]); };
  const auto scale = [](const std::vector<Variable>& in) { return ops::scale(in[0], -0.75); };
  const auto reshape = [](const std::vector<Variable>& in) { return ops::reshape(in[0], Shape{6, 5}); };
  const auto flatten = [](const std::vector<Variable>& in) { return ops::flatten(in[0]); };
  // A variable used twice: its two gradients meet.
  const auto twice = [](const std::vector<Variable>& in) { return ops::add(ops::scale(in[0], 2), in[0]); };
  return {
      {.op = "add", .name = "one", .inputs = {{"a", {1}}, {"b", {1}}}, .run = add_two},
      {.op = "add", .name = "odd", .inputs = {{"a", {3, 7, 11}}, {"b", {3, 7, 11}}}, .run = add_two},
      {.op = "add",
       .name = "resnet20_stage1",
       .inputs = {{"a", {128, 32, 32, 16}}, {"b", {128, 32, 32, 16}}},
       .run = add_two,
       .benchmark_only = true},
      {.op = "add", .name = "fan_out", .inputs = {{"x", {5, 3}}}, .run = twice, .tolerance_bf16 = 3e-2},
      {.op = "scale", .name = "odd", .inputs = {{"x", {3, 7, 11}}}, .run = scale},
      {.op = "reshape", .name = "to_matrix", .inputs = {{"x", {3, 2, 5}}}, .run = reshape},
      {.op = "flatten", .name = "images", .inputs = {{"x", {3, 2, 5, 1}}}, .run = flatten},
  };
}

}  // namespace sluice::test
