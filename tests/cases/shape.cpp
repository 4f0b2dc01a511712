// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/shape.h>

#include "tests/cases/cases.h"

namespace sluice::test {
namespace {

using Run = std::function<Variable(const std::vector<Variable>&)>;

void add(std::vector<OpCase>& cases, const char* op, const char* name, const std::vector<Shape>& shapes,
         const Run& run) {
  OpCase added{.op = op, .name = name, .inputs = {}, .run = run};
  for (const Shape& shape : shapes)
    added.inputs.push_back({.name = "x" + std::to_string(added.inputs.size()), .shape = shape});
  cases.push_back(std::move(added));
}

void add_permutations(std::vector<OpCase>& cases) {
  const auto permute = [&](const char* name, const Shape& shape, const std::vector<int>& axes) {
    add(cases, "permute", name, {shape}, [axes](const auto& in) { return ops::permute(in[0], axes); });
  };
  permute("one", {1}, {0});
  permute("scalar", {}, {});
  permute("empty", {3, 0, 2}, {2, 0, 1});
  permute("nothing", {3, 5}, {0, 1});
  permute("odd", {3, 5, 7}, {2, 0, -2});
  // Tiles of a transposition, whole and cut off, one matrix and several.
  permute("matrix", {67, 131}, {1, 0});
  permute("batch", {3, 37, 41}, {0, 2, 1});
  permute("channels_first", {2, 9, 11, 35}, {0, 3, 1, 2});
  // Lines of whole packs, and no two neighbors that merge.
  permute("packs", {3, 5, 7, 16}, {2, 1, 0, 3});
  permute("six_axes", {2, 3, 4, 5, 2, 3}, {5, 3, 1, 4, 2, 0});
  permute("images", {128, 32, 32, 64}, {0, 3, 1, 2});
  cases.back().benchmark_only = true;
  add(cases, "transpose", "outer", {{5, 3, 7}}, [](const auto& in) { return ops::transpose(in[0], 0, -1); });
  add(cases, "transpose", "inner", {{5, 3, 7}}, [](const auto& in) { return ops::transpose(in[0]); });
  add(cases, "squeeze", "one", {{5, 1, 7, 1}}, [](const auto& in) { return ops::squeeze(in[0], 1); });
  add(cases, "squeeze", "all", {{5, 1, 7, 1}}, [](const auto& in) { return ops::squeeze(in[0]); });
  add(cases, "unsqueeze", "last", {{5, 7}}, [](const auto& in) { return ops::unsqueeze(in[0], -1); });
  add(cases, "pixel_shuffle", "odd", {{2, 3, 5, 18}}, [](const auto& in) { return ops::pixel_shuffle(in[0], 3); });
  add(cases, "pixel_shuffle", "one", {{1, 1, 1, 4}}, [](const auto& in) { return ops::pixel_shuffle(in[0], 2); });
  add(cases, "pixel_unshuffle", "odd", {{2, 6, 9, 5}}, [](const auto& in) { return ops::pixel_unshuffle(in[0], 3); });
}

void add_repetitions(std::vector<OpCase>& cases) {
  const auto expand = [&](const char* name, const Shape& from, const Shape& to) {
    add(cases, "expand", name, {from}, [to](const auto& in) { return ops::expand(in[0], to); });
  };
  expand("scalar", {}, {3, 5});
  expand("one", {1}, {1});
  expand("to_nothing", {1, 3}, {0, 3});
  expand("rows", {1, 16}, {37, 16});
  expand("columns", {5, 1}, {5, 67});
  expand("both", {3, 1, 5, 1}, {2, 3, 4, 5, 7});
  const auto repeat = [&](const char* name, const Shape& shape, const std::vector<std::int64_t>& counts) {
    add(cases, "repeat", name, {shape}, [counts](const auto& in) { return ops::repeat(in[0], counts); });
  };
  repeat("one", {1}, {5});
  repeat("nothing", {3, 5}, {1, 1});
  repeat("empty", {3, 0}, {2, 3});
  repeat("all_axes", {2, 3, 5}, {3, 2, 4});
}

void add_joins(std::vector<OpCase>& cases) {
  const auto concatenate = [&](const char* name, const std::vector<Shape>& shapes, int axis) {
    add(cases, "concatenate", name, shapes, [axis](const auto& in) { return ops::concatenate(in, axis); });
  };
  concatenate("one", {{3}}, 0);
  concatenate("rows", {{2, 5}, {3, 5}, {1, 5}}, 0);
  concatenate("odd_channels", {{2, 3, 5}, {2, 3, 7}, {2, 3, 0}}, -1);
  concatenate("packs", {{2, 3, 16}, {2, 3, 32}}, 2);
  concatenate("dense_block", {{32, 16, 16, 48}, {32, 16, 16, 12}}, 3);
  cases.back().benchmark_only = true;
  add(cases, "stack", "first", {{3, 5}, {3, 5}, {3, 5}}, [](const auto& in) { return ops::stack(in); });
  add(cases, "stack", "last", {{3, 5}, {3, 5}}, [](const auto& in) { return ops::stack(in, -1); });
  // Each part counts differently in the result, so none can be taken for another.
  add(cases, "split", "middle", {{2, 7, 3}}, [](const auto& in) {
    const std::vector<Variable> parts = ops::split(in[0], {2, 4, 1}, 1);
    return ops::concatenate({parts[2], parts[1], parts[0], parts[2]}, 1);
  });
}

void add_parts(std::vector<OpCase>& cases) {
  const auto slice = [&](const char* name, const Shape& shape, int axis, const ops::Range& range) {
    add(cases, "slice", name, {shape}, [=](const auto& in) { return ops::slice(in[0], axis, range); });
  };
  slice("all", {5}, 0, {});
  slice("part", {5, 7}, 1, {.start = 2, .stop = -1});
  slice("nothing", {5, 7}, 0, {.start = 3, .stop = 2});
  slice("steps", {3, 17, 5}, 1, {.start = 1, .step = 3});
  slice("back", {3, 17, 5}, 1, {.start = -2, .stop = 1, .step = -4});
  slice("back_innermost", {3, 67}, 1, {.step = -1});
  slice("packs", {3, 5, 32}, 2, {.start = 8, .stop = 24});
  add(cases, "flip", "one", {{1}}, [](const auto& in) { return ops::flip(in[0], {0}); });
  add(cases, "flip", "two", {{3, 5, 7}}, [](const auto& in) { return ops::flip(in[0], {-1, 0}); });
  add(cases, "flip", "rows", {{5, 16}}, [](const auto& in) { return ops::flip(in[0], {0}); });
  const auto roll = [&](const char* name, const Shape& shape, std::int64_t shift, int axis) {
    add(cases, "roll", name, {shape}, [=](const auto& in) { return ops::roll(in[0], shift, axis); });
  };
  roll("one", {1}, 5, 0);
  roll("empty", {0, 3}, 2, 0);
  roll("forward", {3, 7, 5}, 2, 1);
  roll("backward_around", {3, 7}, -9, -1);
}

}  // namespace

std::vector<OpCase> shape_cases() {
  std::vector<OpCase> cases;
  add_permutations(cases);
  add_repetitions(cases);
  add_joins(cases);
  add_parts(cases);
  return cases;
}

}  // namespace sluice::test
