// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/matmul.h>

#include "tests/cases/cases.h"

namespace sluice::test {

std::vector<OpCase> matmul_cases() {
  std::vector<OpCase> cases;
  const auto add = [&](const char* name, const Shape& a, const Shape& b, const ops::MatmulOptions& options = {},
                       double flops = 0) {
    cases.push_back({.op = "matmul",
                     .name = name,
                     .inputs = {{"a", a}, {"b", b}},
                     .run = [options](const std::vector<Variable>& in) { return ops::matmul(in[0], in[1], options); },
                     .flops = flops,
                     .benchmark_only = flops > 0});
  };
  constexpr ops::MatmulOptions a{.transpose_a = true}, b{.transpose_b = true}, both{true, true};
  add("one", {1, 1}, {1, 1});
  add("no_depth", {3, 0}, {0, 5});
  add("nothing", {0, 3}, {3, 5});
  add("odd", {5, 7}, {7, 3});
  add("odd_a", {7, 5}, {7, 3}, a);
  add("odd_b", {5, 7}, {3, 7}, b);
  add("odd_both", {7, 5}, {3, 7}, both);
  add("tiles", {72, 40}, {40, 80});
  add("batch", {2, 3, 5, 7}, {2, 3, 7, 4});
  add("batch_a", {3, 8, 16}, {3, 8, 24}, a);
  add("batch_b", {3, 5, 8}, {3, 6, 8}, b);
  add("one_b", {2, 3, 5, 7}, {7, 4});
  add("one_b_transposed", {3, 5, 7}, {1, 4, 7}, b);
  add("one_a", {5, 7}, {3, 7, 4});
  add("one_b_with_a", {3, 7, 5}, {7, 4}, a);
  add("both_ways", {2, 1, 5, 7}, {3, 7, 4});
  add("square_1024", {1024, 1024}, {1024, 1024}, {}, 2.0 * 1024 * 1024 * 1024);
  cases.push_back({.op = "dot", .name = "odd", .inputs = {{"a", {131}}, {"b", {131}}}, .run = [](const auto& in) {
                     return ops::dot(in[0], in[1]);
                   }});
  cases.push_back({.op = "outer", .name = "odd", .inputs = {{"a", {5}}, {"b", {7}}}, .run = [](const auto& in) {
                     return ops::outer(in[0], in[1]);
                   }});
  return cases;
}

}  // namespace sluice::test
