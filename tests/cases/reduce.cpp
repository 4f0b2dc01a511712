// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/reduce.h>

#include "tests/cases/cases.h"

namespace sluice::test {

std::vector<OpCase> reduce_cases() {
  using ops::Axes;
  using ops::KeepAxes;
  struct Row {
    const char* op;
    std::function<Variable(const Variable&, const Axes&, KeepAxes)> function;
    const char* kind = "";
  };
  const auto variance = [](const Variable& x, const Axes& axes, KeepAxes keep) {
    return ops::variance(x, axes, 0, keep);
  };
  const auto deviation = [](const Variable& x, const Axes& axes, KeepAxes keep) {
    return ops::standard_deviation(x, axes, 1, keep);
  };
  const auto norm = [](const Variable& x, const Axes& axes, KeepAxes keep) {
    return ops::norm(x, ops::Norm::two, axes, keep);
  };
  const auto norm_one = [](const Variable& x, const Axes& axes, KeepAxes keep) {
    return ops::norm(x, ops::Norm::one, axes, keep);
  };
  std::vector<OpCase> cases;
  for (const Row& row : {Row{"sum", ops::sum}, Row{"mean", ops::mean}, Row{"variance", variance},
                         Row{"standard_deviation", deviation}, Row{"max", ops::max}, Row{"min", ops::min},
                         Row{"logsumexp", ops::logsumexp}, Row{"norm", norm}, Row{"norm", norm_one, "one_"}}) {
    const auto add = [&](const std::string& name, const Shape& shape, const Axes& axes, KeepAxes keep = KeepAxes::no,
                         bool benchmark_only = false) {
      cases.push_back(
          {.op = row.op,
           .name = row.kind + name,
           .inputs = {{.name = "x", .shape = shape, .low = -2, .high = 2, .gap_at_zero = 0.01}},
           .run = [f = row.function, axes, keep](const std::vector<Variable>& in) { return f(in[0], axes, keep); },
           // Long sums of both signs lie near 0.
           .tolerance_bf16 = 5e-2,
           .benchmark_only = benchmark_only});
    };
    add("all", {3, 5, 7}, {});
    add("row", {5, 37}, {1});
    add("short_row", {9, 3}, {-1}, KeepAxes::yes);
    add("column", {41, 5}, {0});
    add("middle", {3, 7, 5}, {1}, KeepAxes::yes);
    add("apart", {3, 4, 5}, {0, 2});
    add("channels", {5, 3, 4, 8}, {0, 1, 2});
    if (row.op == std::string("sum") || row.op == std::string("max")) {
      // More than one chunk, by row and by column.
      add("long_row", {2, 9001}, {1});
      add("long_column", {601, 3}, {0});
    }
    add("all_of_resnet20_stage1", {128, 32, 32, 16}, {}, KeepAxes::no, true);
    add("channels_of_resnet20_stage1", {128, 32, 32, 16}, {0, 1, 2}, KeepAxes::no, true);
  }
  return cases;
}

}  // namespace sluice::test
