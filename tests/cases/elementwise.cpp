// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/elementwise.h>

#include "tests/cases/cases.h"

namespace sluice::test {

std::vector<OpCase> elementwise_cases() {
  const auto reshape = [](const std::vector<Variable>& in) { return ops::reshape(in[0], Shape{6, 5}); };
  const auto flatten = [](const std::vector<Variable>& in) { return ops::flatten(in[0]); };
  // To a type that holds the numbers of every other one on its device, and back: nothing is rounded.
  const auto cast = [](const std::vector<Variable>& in) {
    const DType widest = in[0].value().device().kind == DeviceKind::cpu ? DType::f64 : DType::f32;
    return ops::cast(ops::cast(in[0], widest), in[0].dtype());
  };
  return {
      {.op = "cast", .name = "there_and_back", .inputs = {{"x", {3, 7, 11}}}, .run = cast},
      {.op = "reshape", .name = "to_matrix", .inputs = {{"x", {3, 2, 5}}}, .run = reshape},
      {.op = "flatten", .name = "images", .inputs = {{"x", {3, 2, 5, 1}}}, .run = flatten},
  };
}

}  // namespace sluice::test
