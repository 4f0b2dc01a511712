// SPDX-License-Identifier: Apache-2.0
// Pointwise<Cuda>: a thread takes 16 bytes of T at a time where sizes and pointers allow it. Where every operand is
// contiguous or a single element there is no arithmetic of indices; else a place of the index space is divided up by
// multiplications. Bound by bytes.
#pragma once

#include <sluice/kernels/cuda/packs.h>
#include <sluice/kernels/pointwise.h>

namespace sluice::kernels::cuda {

// n / divisor for n < 2^31 by a multiplication (Granlund and Montgomery, 1994).
struct Divisor {
  std::uint32_t divisor = 1, multiplier = 1;
  int shift = 0;

  Divisor() = default;
  explicit Divisor(std::uint32_t d) : divisor(d) {
    while ((std::uint64_t{1} << shift) < d) ++shift;
    multiplier = static_cast<std::uint32_t>(((std::uint64_t{1} << 32) * ((std::uint64_t{1} << shift) - d)) / d + 1);
  }
  __device__ __forceinline__ std::uint32_t quotient(std::uint32_t n) const {
    return (__umulhi(n, multiplier) + n) >> shift;
  }
};

template <class Map>
struct Operands {
  const void* inputs[Map::inputs];
  void* results[Map::outputs];
};

// What a thread moves of one operand: `moves[i]` is whether input i has an element for each place, else one for all.
template <class Map>
struct FlatPlaces {
  bool moves[Map::inputs];
  std::int64_t size;
  __device__ __forceinline__ std::int64_t index(int i, std::int64_t place) const { return moves[i] ? place : 0; }
};

template <class Map>
struct BroadcastPlaces {
  bool moves[Map::inputs];
  std::int64_t size;
  int rank;
  Divisor extents[PointwiseLayout::kMaxAxes];
  std::uint32_t strides[Map::inputs][PointwiseLayout::kMaxAxes];

  __device__ __forceinline__ std::int64_t index(int i, std::int64_t place) const {
    std::uint32_t rest = static_cast<std::uint32_t>(place);
    std::int64_t result = 0;
    for (int axis = rank - 1; axis > 0; --axis) {
      const std::uint32_t outer = extents[axis].quotient(rest);
      result += std::int64_t{rest - outer * extents[axis].divisor} * strides[i][axis];
      rest = outer;
    }
    return result + std::int64_t{rest} * strides[i][0];
  }
};

template <int width, class Map, class T, class Places, int... i, int... o>
__device__ __forceinline__ void map_places(const Map& map, const Places& places, const Operands<Map>& operands,
                                           std::int64_t place, std::integer_sequence<int, i...>,
                                           std::integer_sequence<int, o...>) {
  using R = Compute<T>;
  using Result = MapResult<Map, T>;
  Values<R, Map::inputs> in[width];
  const auto read = [&]<int k>(std::integral_constant<int, k>) {
    using In = MapInput<Map, T, k>;
    const In* from = static_cast<const In*>(operands.inputs[k]) + places.index(k, place);
    if (places.moves[k]) {
      const Pack<In, width> pack = *reinterpret_cast<const Pack<In, width>*>(from);
      UNROLL for (int j = 0; j < width; ++j) in[j][k] = static_cast<R>(pack[j]);
    } else {
      const R value = static_cast<R>(*from);
      UNROLL for (int j = 0; j < width; ++j) in[j][k] = value;
    }
  };
  (read(std::integral_constant<int, i>{}), ...);
  Values<R, Map::outputs> out[width];
  UNROLL for (int j = 0; j < width; ++j) out[j] = map(in[j]);
  const auto write = [&]<int k>(std::integral_constant<int, k>) {
    if (operands.results[k] == nullptr) return;
    Pack<Result, width> pack;
    UNROLL for (int j = 0; j < width; ++j) if constexpr (std::is_same_v<Result, BFloat16>) pack[j] =
        from_float<BFloat16>(out[j][k]);
    else pack[j] = static_cast<Result>(out[j][k]);
    *reinterpret_cast<Pack<Result, width>*>(static_cast<Result*>(operands.results[k]) + place) = pack;
  };
  (write(std::integral_constant<int, o>{}), ...);
}

// The first `packs` packs, then the places after them one by one.
template <int width, class Map, class T, class Places>
__global__ void __launch_bounds__(kPackThreads)
    pointwise_kernel(std::int64_t packs, Map map, Places places, Operands<Map> operands) {
  constexpr auto inputs = std::make_integer_sequence<int, Map::inputs>{};
  constexpr auto results = std::make_integer_sequence<int, Map::outputs>{};
  const std::int64_t first = std::int64_t{blockIdx.x} * kPackThreads + threadIdx.x;
  const std::int64_t stride = std::int64_t{gridDim.x} * kPackThreads;
  for (std::int64_t pack = first; pack < packs; pack += stride)
    map_places<width, Map, T>(map, places, operands, pack * width, inputs, results);
  for (std::int64_t place = packs * width + first; place < places.size; place += stride)
    map_places<1, Map, T>(map, places, operands, place, inputs, results);
}

template <class Map, class T>
class PointwiseLaunch {
 public:
  static constexpr int width = static_cast<int>(16 / sizeof(T));
  static constexpr std::int64_t most_places = (std::int64_t{1} << 31) - 1;

  PointwiseLaunch(const Exec& exec, const Map& map) : exec_(exec), map_(map) {}

  void run(const PointwiseLayout& layout, const Operands<Map>& operands) const {
    if (layout.size == 0) return;
    bool flat = true;
    for (int i = 0; i < Map::inputs; ++i) flat = flat && (layout.contiguous(i) || layout.single(i));
    if (flat) {
      FlatPlaces<Map> places;
      for (int i = 0; i < Map::inputs; ++i) places.moves[i] = layout.contiguous(i);
      places.size = layout.size;
      return start(places, operands, true);
    }
    if (layout.size > most_places) return run_parts(layout, operands);
    BroadcastPlaces<Map> places;
    const int last = layout.rank - 1;
    bool packs = layout.extents[static_cast<std::size_t>(last)] % width == 0;
    for (int i = 0; i < Map::inputs; ++i) {
      const auto& strides = layout.strides[static_cast<std::size_t>(i)];
      places.moves[i] = strides[static_cast<std::size_t>(last)] != 0;
      for (int axis = 0; axis <= last; ++axis) {
        places.strides[i][axis] = static_cast<std::uint32_t>(strides[static_cast<std::size_t>(axis)]);
        packs = packs && (axis == last || !places.moves[i] || strides[static_cast<std::size_t>(axis)] % width == 0);
      }
    }
    places.size = layout.size;
    places.rank = layout.rank;
    for (int axis = 0; axis <= last; ++axis)
      places.extents[axis] = Divisor(static_cast<std::uint32_t>(layout.extents[static_cast<std::size_t>(axis)]));
    start(places, operands, packs);
  }

 private:
  template <class Places>
  void start(const Places& places, const Operands<Map>& operands, bool packs) const {
    for (int i = 0; i < Map::inputs; ++i) packs = packs && (!places.moves[i] || all_aligned(16, operands.inputs[i]));
    for (const void* result : operands.results) packs = packs && all_aligned(16, result);
    const std::int64_t count = packs ? places.size / width : 0;
    launch(exec_, {Map::name, blocks_for(packs ? count : places.size, kPackThreads, 1, 132 * 16), kPackThreads},
           pointwise_kernel<width, Map, T, Places>, count, map_, places, operands);
  }

  // Index spaces too large for indices of 31 bits, in parts of the outermost axis.
  void run_parts(const PointwiseLayout& layout, const Operands<Map>& operands) const {
    const std::int64_t each = layout.size / layout.extents[0];
    const std::int64_t rows = std::max<std::int64_t>(1, most_places / each);
    for (std::int64_t row = 0; row < layout.extents[0]; row += rows) {
      PointwiseLayout part = layout;
      part.extents[0] = std::min(rows, layout.extents[0] - row);
      part.size = part.extents[0] * each;
      if (part.extents[0] == 1) {  // without this axis
        --part.rank;
        for (std::size_t axis = 0; axis < static_cast<std::size_t>(part.rank); ++axis) {
          part.extents[axis] = layout.extents[axis + 1];
          for (std::size_t i = 0; i < part.strides.size(); ++i) part.strides[i][axis] = layout.strides[i][axis + 1];
        }
      }
      Operands<Map> moved = operands;
      for (int i = 0; i < Map::inputs; ++i)
        moved.inputs[i] = static_cast<const std::byte*>(operands.inputs[i]) +
                          row * layout.strides[static_cast<std::size_t>(i)][0] * size_of_input(i);
      for (void*& result : moved.results)
        if (result != nullptr)
          result = static_cast<std::byte*>(result) + row * each * std::int64_t{sizeof(MapResult<Map, T>)};
      run(part, moved);
    }
  }

  static std::int64_t size_of_input(int i) { return Map::takes_mask && i == 0 ? 1 : std::int64_t{sizeof(T)}; }

  Exec exec_;
  Map map_;
};

}  // namespace sluice::kernels::cuda

namespace sluice::kernels {

template <>
template <class Map, class T>
void Pointwise<Cuda>::run(const Exec& exec, const Map& map, const PointwiseLayout& layout,
                          const std::array<const void*, Map::inputs>& inputs,
                          const std::array<void*, Map::outputs>& results) {
  cuda::Operands<Map> operands;
  for (std::size_t i = 0; i < inputs.size(); ++i) operands.inputs[i] = inputs[i];
  for (std::size_t o = 0; o < results.size(); ++o) operands.results[o] = results[o];
  cuda::PointwiseLaunch<Map, T>(exec, map).run(layout, operands);
}

}  // namespace sluice::kernels
