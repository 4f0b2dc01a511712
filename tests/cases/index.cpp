// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/index.h>

#include <sluice/base/philox.h>
#include "tests/cases/cases.h"
#include "tests/cases/resident.h"

namespace sluice::test {
namespace {

// Places in [0, extent), most of them more than once where there are many.
Resident places(const Shape& shape, std::int64_t extent) {
  PhiloxStream random(3, RandomPurpose::test, 0);
  std::vector<std::int32_t> values(static_cast<std::size_t>(shape.size()));
  for (std::int32_t& value : values)
    value = static_cast<std::int32_t>(random.next_below(static_cast<std::uint32_t>(extent)));
  return Tensor::from<std::int32_t>(values, shape);
}

Device device_of(const std::vector<Variable>& in) { return in[0].value().device(); }

void add_selections(std::vector<OpCase>& cases) {
  const auto select = [&](const char* name, const Shape& shape, std::int64_t count, int axis) {
    cases.push_back({.op = "index_select",
                     .name = name,
                     .inputs = {{"x", shape}},
                     .run = [axis, index = places({count}, shape[axis])](const std::vector<Variable>& in) {
                       return ops::index_select(in[0], index.to(device_of(in)), axis);
                     }});
  };
  select("one", {1}, 1, 0);
  select("nothing", {3, 5}, 0, 1);
  // Of no inner elements, of several times what a warp holds, and whole packs.
  select("repeated", {7}, 70, 0);
  select("middle", {3, 5, 261}, 37, 1);
  select("packs", {9, 16}, 5, 0);
  select("innermost", {5, 37}, 11, -1);
  const auto embed = [&](const char* name, const Shape& table, const Shape& indices, bool benchmark_only = false) {
    cases.push_back(
        {.op = "embedding",
         .name = name,
         .inputs = {{.name = "table", .shape = table, .role = CaseInput::Role::parameter}},
         .run = [index = places(indices, table[0])](
                    const std::vector<Variable>& in) { return ops::embedding(in[0], index.to(device_of(in))); },
         .benchmark_only = benchmark_only});
  };
  embed("scalar", {3, 5}, {});
  embed("sentences", {11, 24}, {3, 7});
  embed("tokens", {10000, 256}, {32, 128}, true);
}

void add_elements(std::vector<OpCase>& cases) {
  const auto add = [&](const char* name, const Shape& shape, std::int64_t count, int axis) {
    std::vector<std::int64_t> extents(shape.extents().begin(), shape.extents().end());
    extents[static_cast<std::size_t>(axis)] = count;
    const Shape taken{std::span<const std::int64_t>(extents)};
    const Resident index = places(taken, shape[axis]);
    cases.push_back(
        {.op = "gather", .name = name, .inputs = {{"x", shape}}, .run = [=](const std::vector<Variable>& in) {
           return ops::gather(in[0], index.to(device_of(in)), axis);
         }});
    cases.push_back({.op = "scatter_add",
                     .name = name,
                     .inputs = {{"x", shape}, {"source", taken}},
                     .run = [=](const std::vector<Variable>& in) {
                       return ops::scatter_add(in[0], index.to(device_of(in)), in[1], axis);
                     }});
  };
  add("one", {1}, 1, 0);
  add("nothing", {3, 5}, 0, 1);
  add("labels", {37, 10}, 1, 1);
  add("middle", {3, 5, 7}, 11, 1);
  add("outer", {4, 67}, 9, 0);
}

void add_masks(std::vector<OpCase>& cases) {
  const auto add = [&](const char* name, const Shape& shape, const Shape& mask_shape) {
    Tensor mask = Tensor::zeros(mask_shape, DType::u8);
    for (std::int64_t i = 0; i < mask.size(); ++i)
      mask.mutable_data<std::uint8_t>()[i] = static_cast<std::uint8_t>(i % 3 == 1 ? 1 + i % 200 : 0);
    cases.push_back({.op = "masked_fill",
                     .name = name,
                     .inputs = {{"x", shape}},
                     .run = [mask = Resident(mask)](const std::vector<Variable>& in) {
                       return ops::masked_fill(in[0], mask.to(device_of(in)), -2.5);
                     }});
  };
  add("one", {}, {});
  add("odd", {3, 5}, {3, 5});
  add("packs", {3, 64}, {3, 64});
  add("broadcast", {2, 3, 5}, {3, 1});
  add("empty", {0, 5}, {5});
}

}  // namespace

std::vector<OpCase> index_cases() {
  std::vector<OpCase> cases;
  add_selections(cases);
  add_elements(cases);
  add_masks(cases);
  return cases;
}

}  // namespace sluice::test
