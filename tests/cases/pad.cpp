// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/pad.h>

#include "tests/cases/cases.h"

namespace sluice::test {

std::vector<OpCase> pad_cases() {
  std::vector<OpCase> cases;
  const auto add = [&](const char* name, const Shape& shape, std::int64_t before, std::int64_t after,
                       bool benchmark_only = false) {
    cases.push_back({.op = "pad_channels",
                     .name = name,
                     .inputs = {{"x", shape}},
                     .run = [=](const std::vector<Variable>& in) { return ops::pad_channels(in[0], before, after); },
                     .benchmark_only = benchmark_only});
  };
  add("one", {1}, 1, 1);
  add("uneven", {3, 5, 7, 11}, 2, 3);
  add("after_only", {5, 3}, 0, 4);
  add("nothing", {5, 3}, 0, 0);
  add("packs", {3, 5, 16}, 8, 24);
  add("resnet20", {128, 16, 16, 16}, 8, 8, true);
  const auto border = [&](const char* name, const Shape& shape, const ops::Border& around, ops::PadMode mode,
                          double value = 0) {
    cases.push_back({.op = "pad", .name = name, .inputs = {{"x", shape}}, .run = [=](const std::vector<Variable>& in) {
                       return ops::pad(in[0], around, mode, value);
                     }});
  };
  using enum ops::PadMode;
  border("zeros", {2, 3, 5, 7}, {.top = 1, .bottom = 2, .left = 3}, constant);
  border("value", {1, 1, 1, 1}, {1, 1, 1, 1}, constant, -3);
  border("empty", {0, 3, 5, 2}, {1, 1, 1, 1}, constant);
  border("reflect", {2, 4, 6, 3}, {.top = 3, .bottom = 1, .left = 2, .right = 5}, reflect);
  border("reflect_packs", {2, 3, 4, 16}, {.top = 1, .bottom = 2, .left = 3, .right = 1}, reflect);
  border("replicate", {2, 4, 5, 3}, {.top = 3, .bottom = 1, .left = 2, .right = 7}, replicate);
  border("replicate_one", {1, 1, 1, 8}, {2, 0, 1, 5}, replicate);
  return cases;
}

}  // namespace sluice::test
