// SPDX-License-Identifier: Apache-2.0
// Functions applied element by element, with NumPy's broadcasting. Bound by bytes: every operand is read once, every
// result written once, and a chain that is one Map is one pass over memory.
//
// A Map is what is computed at one place of the index space, from `inputs` numbers to `outputs` numbers:
//
//   struct Map {
//     static constexpr int inputs, outputs;
//     static constexpr const char* name;       of the kernel
//     static constexpr bool takes_mask;        whether the first input is u8 beside the others of type T
//     static constexpr bool gives_mask;        whether the results are u8 instead of T
//     template <class R> Values<R, outputs> operator()(const Values<R, inputs>&) const;   host and device
//   };
//
// R is Compute<T>: float for f32 and bf16, double for f64, int32_t for integers. kernels/pointwise_maps.h makes Maps of
// functions and of their derivatives.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

#include <sluice/base/exec.h>
#include <sluice/base/host_device.h>
#include <sluice/base/types.h>

namespace sluice::kernels {

template <class R, int count>
struct Values {
  R of[count];
  SLUICE_HOST_DEVICE R& operator[](int i) { return of[i]; }
  SLUICE_HOST_DEVICE const R& operator[](int i) const { return of[i]; }
};

template <class T>
using Compute = std::conditional_t<std::is_integral_v<T>, std::int32_t, Master<T>>;

// The element types of input i and of the results of a Map.
template <class Map, class T, int i>
using MapInput = std::conditional_t<Map::takes_mask && i == 0, std::uint8_t, T>;
template <class Map, class T>
using MapResult = std::conditional_t<Map::gives_mask, std::uint8_t, T>;

// How the elements of the operands meet: the index space of the results, axes outermost first, and by how many elements
// an operand moves along each axis: 0 where it is broadcast. Neighboring axes are merged where all operands allow it.
struct PointwiseLayout {
  static constexpr int kMaxAxes = 6, kMaxOperands = 8;

  std::int64_t size = 1;
  int rank = 0;
  std::array<std::int64_t, kMaxAxes> extents{};
  std::array<std::array<std::int64_t, kMaxAxes>, kMaxOperands> strides{};

  // `result` is the broadcast shape of the operands, which are in memory order; at most kMaxAxes and kMaxOperands.
  static PointwiseLayout of(std::span<const std::int64_t> result,
                            std::span<const std::span<const std::int64_t>> operands);
  // One axis of `size` elements, the same for all operands.
  static PointwiseLayout flat(std::int64_t size);

  // Operand i has one element for each of the index space, in its order; or a single one for all.
  bool contiguous(int i) const { return rank == 1 && strides[static_cast<std::size_t>(i)][0] == 1; }
  bool single(int i) const;
};

template <class Device>
struct Pointwise {
  // results[o][p] = map(inputs[0][p], inputs[1][p], ...)[o] for every place p. Input i holds MapInput<Map, T, i>, in
  // the order of the layout's operands; the results hold MapResult<Map, T> and are in memory order. A result that is
  // nullptr is not stored; one may be the very memory of an input that is not broadcast.
  template <class Map, class T>
  static void run(const Exec&, const Map& map, const PointwiseLayout&,
                  const std::array<const void*, Map::inputs>& inputs, const std::array<void*, Map::outputs>& results);
};

}  // namespace sluice::kernels
