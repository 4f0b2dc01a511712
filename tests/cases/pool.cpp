// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/pool.h>

#include "tests/cases/cases.h"

namespace sluice::test {

std::vector<OpCase> pool_cases() {
  using ops::Pool2dOptions;
  struct Kind {
    const char* op;
    Variable (*function)(const Variable&, const Pool2dOptions&);
  };
  std::vector<OpCase> cases;
  for (const Kind& kind : {Kind{"max_pool2d", ops::max_pool2d}, Kind{"avg_pool2d", ops::avg_pool2d}}) {
    const auto add = [&](const char* name, const Shape& shape, const Pool2dOptions& options,
                         bool benchmark_only = false) {
      cases.push_back(
          {.op = kind.op,
           .name = name,
           .inputs = {{"x", shape}},
           .run = [f = kind.function, options](const std::vector<Variable>& in) { return f(in[0], options); },
           .benchmark_only = benchmark_only});
    };
    add("one", {1, 1, 1, 1}, {.kernel = {1, 1}, .stride = {1, 1}});
    // The last row and column belong to no window.
    add("halves_odd", {2, 5, 7, 3}, {});
    add("overlapping", {2, 6, 5, 3}, {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}});
    add("uneven", {1, 7, 6, 5}, {.kernel = {3, 2}, .stride = {1, 3}, .padding = {1, 0}});
    add("skipping", {3, 5, 6, 2}, {.kernel = {1, 1}, .stride = {2, 2}});
    // More channels than are gathered at a time, and a second thread's share.
    add("wide", {3, 8, 8, 200}, {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}});
    add("vgg", {128, 32, 32, 64}, {}, true);
    add("resnet_stem", {32, 112, 112, 64}, {.kernel = {3, 3}, .stride = {2, 2}, .padding = {1, 1}}, true);
    add("option_a", {128, 32, 32, 16}, {.kernel = {1, 1}, .stride = {2, 2}}, true);
  }
  const auto global = [](const std::vector<Variable>& in) { return ops::global_average_pool(in[0]); };
  const auto add_global = [&](const char* name, const Shape& shape, bool benchmark_only = false) {
    cases.push_back({.op = "global_average_pool",
                     .name = name,
                     .inputs = {{"x", shape}},
                     .run = global,
                     .benchmark_only = benchmark_only});
  };
  add_global("one", {1, 1, 1, 1});
  add_global("odd", {3, 5, 7, 11});
  add_global("wide", {5, 8, 8, 131});
  // Whole packs of channels, here and in other operations' cases of the name.
  add_global("packs", {3, 4, 4, 16});
  add_global("resnet20", {128, 8, 8, 64}, true);
  add_global("resnet18", {128, 4, 4, 512}, true);
  return cases;
}

}  // namespace sluice::test
