// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/arithmetic.h>

#include "tests/cases/cases.h"

namespace sluice::test {

std::vector<OpCase> arithmetic_cases() {
  using In = std::vector<Variable>;
  struct Row {
    const char* op;
    Variable (*function)(const Variable&, const Variable&);
    double low = -2, high = 2;
  };
  struct Shapes {
    const char* name;
    Shape a, b;
  };
  std::vector<OpCase> cases;
  for (const Row& row : {Row{"add", ops::add}, Row{"subtract", ops::subtract}, Row{"multiply", ops::multiply},
                         Row{"divide", ops::divide, 0.3, 2}, Row{"pow", ops::pow, 0.3, 2}, Row{"maximum", ops::maximum},
                         Row{"minimum", ops::minimum}}) {
    const auto add = [&](const char* name, const Shape& a, const Shape& b, bool benchmark_only = false) {
      cases.push_back({.op = row.op,
                       .name = name,
                       .inputs = {{"a", a, row.low, row.high}, {"b", b, row.low, row.high}},
                       .run = [f = row.function](const In& in) { return f(in[0], in[1]); },
                       .benchmark_only = benchmark_only});
    };
    add("one", {1}, {1});
    add("odd", {3, 7, 11}, {3, 7, 11});
    add("scalar_left", {}, {3, 7});
    add("row", {67, 24}, {24});
    add("odd_row", {5, 3, 7}, {7});
    add("column", {65, 1}, {65, 32});
    add("both_ways", {3, 1, 8}, {4, 1});
    add("inside", {2, 3, 1, 4}, {2, 1, 5, 4});
    add("resnet20_stage1", {128, 32, 32, 16}, {128, 32, 32, 16}, true);
    add("bias", {128, 32, 32, 16}, {16}, true);
  }
  const auto add_scalar = [&](const char* op, const char* name, Variable (*function)(const Variable&),
                              double low = -2) {
    cases.push_back({.op = op, .name = name, .inputs = {{"x", {3, 7, 11}, low, 2}}, .run = [function](const In& in) {
                       return function(in[0]);
                     }});
  };
  add_scalar("add", "number", [](const Variable& x) { return 1.25 + x; });
  add_scalar("subtract", "number", [](const Variable& x) { return x - 0.3; });
  add_scalar("subtract", "from_number", [](const Variable& x) { return 0.3 - x; });
  add_scalar("multiply", "number", [](const Variable& x) { return -0.75 * x; });
  add_scalar("divide", "number", [](const Variable& x) { return x / 0.3; });
  add_scalar(
      "divide", "number_by", [](const Variable& x) { return 0.3 / x; }, 0.3);
  add_scalar("pow", "number", [](const Variable& x) { return ops::pow(x, 3); });
  add_scalar("pow", "of_number", [](const Variable& x) { return ops::pow(1.5, x); });
  add_scalar("maximum", "number", [](const Variable& x) { return ops::maximum(x, 0.3333); });
  add_scalar("minimum", "number", [](const Variable& x) { return ops::minimum(x, 0.3333); });
  const auto choose = [](const In& in) { return ops::where(ops::greater(in[0], in[1]), in[2], in[3]); };
  // A mask has no gradient; the numbers that it is made of have none here.
  const auto constant = CaseInput::Role::constant;
  cases.push_back({.op = "where",
                   .name = "both_ways",
                   .inputs = {{.name = "c", .shape = {3, 1}, .role = constant},
                              {.name = "d", .shape = {8}, .role = constant},
                              {.name = "a", .shape = {8}},
                              {.name = "b", .shape = {2, 1, 1}}},
                   .run = choose});
  cases.push_back({.op = "where",
                   .name = "odd",
                   .inputs = {{.name = "c", .shape = {37}, .role = constant},
                              {.name = "d", .shape = {37}, .role = constant},
                              {.name = "a", .shape = {37}},
                              {.name = "b", .shape = {37}}},
                   .run = choose});
  // A variable used twice: its two gradients meet.
  cases.push_back({.op = "add",
                   .name = "fan_out",
                   .inputs = {{"x", {5, 3}}},
                   .run = [](const In& in) { return 2 * in[0] + in[0]; },
                   .tolerance_bf16 = 3e-2});
  return cases;
}

}  // namespace sluice::test
