// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/resample.h>

#include "tests/cases/cases.h"

namespace sluice::test {

std::vector<OpCase> resample_cases() {
  using ops::Extent2;
  using Options = ops::InterpolateOptions;
  struct Kind {
    const char* op;
    std::string prefix;
    std::function<Variable(const Variable&, Extent2)> function;
  };
  const auto interpolation = [](const Options& options) {
    return [options](const Variable& x, Extent2 size) { return ops::interpolate(x, size, options); };
  };
  const Options bilinear{.mode = Options::Mode::bilinear},
      corners{.mode = Options::Mode::bilinear, .align_corners = true};
  std::vector<OpCase> cases;
  for (const Kind& kind :
       {Kind{"adaptive_avg_pool2d", "", ops::adaptive_avg_pool2d},
        Kind{"adaptive_max_pool2d", "", ops::adaptive_max_pool2d}, Kind{"interpolate", "nearest_", interpolation({})},
        Kind{"interpolate", "bilinear_", interpolation(bilinear)},
        Kind{"interpolate", "corners_", interpolation(corners)}}) {
    const auto add = [&](const char* name, const Shape& x, Extent2 size, bool benchmark_only = false) {
      cases.push_back({.op = kind.op,
                       .name = kind.prefix + name,
                       .inputs = {{"x", x}},
                       .run = [f = kind.function, size](const std::vector<Variable>& in) { return f(in[0], size); },
                       .benchmark_only = benchmark_only});
    };
    add("one", {1, 1, 1, 1}, {1, 1});
    add("to_one", {2, 5, 3, 3}, {1, 1});
    add("from_one", {2, 1, 1, 3}, {4, 3});
    add("smaller", {2, 7, 11, 5}, {3, 4});
    add("larger", {2, 3, 4, 5}, {7, 9});
    // Sizes that divide each other, and packs of channels.
    add("half", {1, 8, 6, 16}, {4, 3});
    add("twice", {1, 3, 4, 16}, {6, 8});
    add("channels", {1, 3, 5, 131}, {2, 6});
    add("empty", {0, 3, 5, 2}, {2, 2});
    add("resnet_stage3", {128, 16, 16, 64}, {7, 7}, true);
  }
  return cases;
}

}  // namespace sluice::test
