// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/order.h>

#include "tests/cases/cases.h"

namespace sluice::test {

std::vector<OpCase> order_cases() {
  using ops::Rank;
  std::vector<OpCase> cases;
  const auto top = [&](const char* name, const Shape& shape, std::int64_t k, int axis, Rank rank = Rank::largest) {
    cases.push_back({.op = "top_k",
                     .name = name,
                     .inputs = {{.name = "x", .shape = shape, .low = -2, .high = 2}},
                     .run = [=](const std::vector<Variable>& in) { return ops::top_k(in[0], k, axis, rank).values; }});
  };
  top("one", {1}, 1, 0);
  top("no_lines", {0, 5}, 2, 1);
  top("none", {3, 5}, 0, 1);
  top("all", {3, 5}, 5, 1, Rank::smallest);
  // Lines of a thread, of a warp, of a block, and side by side.
  top("classes", {37, 10}, 5, -1);
  top("warp", {3, 131}, 4, 1);
  top("block", {2, 3001}, 3, 1, Rank::smallest);
  top("middle", {3, 7, 71}, 3, 1);
  const auto running = [&](const char* name, const Shape& shape, int axis, bool benchmark_only = false) {
    cases.push_back({.op = "cumsum",
                     .name = name,
                     .inputs = {{"x", shape}},
                     .run = [=](const std::vector<Variable>& in) { return ops::cumsum(in[0], axis); },
                     // Long sums of both signs lie near 0.
                     .tolerance_bf16 = 5e-2,
                     .benchmark_only = benchmark_only});
  };
  running("one", {1}, 0);
  running("odd", {5, 37}, -1);
  // One tile of a block, and more.
  running("tiles", {2, 3001}, 1);
  running("middle", {3, 7, 71}, 1);
  running("outermost", {9, 5}, 0);
  running("empty", {3, 0}, 1);
  running("rows", {1024, 4096}, 1, true);
  return cases;
}

}  // namespace sluice::test
