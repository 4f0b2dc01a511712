// SPDX-License-Identifier: Apache-2.0
// Pointwise<Cpu>: a Map is run on blocks of numbers of its own type R, a fixed number at a time, so that the compiler
// makes vectors of it and a result does not depend on where a block ends. Reading, converting, broadcasting and sharing
// the work among threads are the library's; a program that brings a Map of its own compiles the block alone.
#pragma once

#include <sluice/kernels/pointwise.h>

namespace sluice::kernels {

// Numbers that a block function takes at a time; it may be given only multiples of it.
inline constexpr std::int64_t kBlockStep = 64;

struct BlockCall {
  // Runs the map on `count` numbers.
  void (*block)(const void* map, std::int64_t count, const void* const* inputs, void* const* results);
  const void* map;
  DType compute;  // f32, f64 or i32: the type of the numbers
  std::span<const void* const> inputs;
  std::span<const DType> input_types;
  std::span<void* const> results;
  DType result_type;
};

void run_blocks(const BlockCall& call, const PointwiseLayout& layout);

template <class Map, class R>
void map_block(const void* map_pointer, std::int64_t count, const void* const* inputs, void* const* results) {
  const Map map = *static_cast<const Map*>(map_pointer);
  const R* in[Map::inputs];
  R* out[Map::outputs];
  for (int i = 0; i < Map::inputs; ++i) in[i] = static_cast<const R*>(inputs[i]);
  for (int o = 0; o < Map::outputs; ++o) out[o] = static_cast<R*>(results[o]);
  for (std::int64_t first = 0; first < count; first += kBlockStep) {
#pragma GCC ivdep
    for (std::int64_t j = first; j < first + kBlockStep; ++j) {
      Values<R, Map::inputs> values;
      for (int i = 0; i < Map::inputs; ++i) values[i] = in[i][j];
      const auto result = map(values);
      for (int o = 0; o < Map::outputs; ++o) out[o][j] = result[o];
    }
  }
}

template <>
template <class Map, class T>
void Pointwise<Cpu>::run(const Exec&, const Map& map, const PointwiseLayout& layout,
                         const std::array<const void*, Map::inputs>& inputs,
                         const std::array<void*, Map::outputs>& results) {
  std::array<DType, Map::inputs> types;
  types.fill(dtype_of<T>);
  types[0] = dtype_of<MapInput<Map, T, 0>>;
  run_blocks({.block = map_block<Map, Compute<T>>,
              .map = &map,
              .compute = dtype_of<Compute<T>>,
              .inputs = inputs,
              .input_types = types,
              .results = results,
              .result_type = dtype_of<MapResult<Map, T>>},
             layout);
}

}  // namespace sluice::kernels
