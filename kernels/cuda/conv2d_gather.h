// SPDX-License-Identifier: Apache-2.0
// Convolution forward and backward_input as one matrix product (implicit GEMM): every result gathers its source by
// taps,
//   y[n, i, j, k] = sum over taps (r, s) and channels c of source[n, row(i, r), column(j, s), c] * weight[k, r, s, c].
// D is [M,N] with M the results of all images and N their channels; A [M, taps * C] is gathered from the source as it
// is copied into shared memory, taps outside of the image as zeros; B is the weight as it lies.
//
// forward gathers x. backward_input gathers dy with the weight turned to [C,R,S,K]; with a stride s, the positions of
// dx fall into s * s classes by their remainders, each a dense problem of the taps that meet it (a class that no tap
// meets is zero). Source: NVIDIA CUTLASS's documentation of implicit GEMM; the classes are our own.
#pragma once

#include <sluice/kernels/cuda/gemm.h>

namespace sluice::kernels::cuda {

// An index in three digits, so that steps through it need no division.
struct Digits {
  int outer, middle, inner;

  static __host__ __device__ Digits of(int index, int middles, int inners) {
    return {index / inners / middles, index / inners % middles, index % inners};
  }
  __device__ __forceinline__ void add(const Digits& step, int middles, int inners) {
    inner += step.inner;
    const bool carry = inner >= inners;
    inner -= carry ? inners : 0;
    middle += step.middle + (carry ? 1 : 0);
    const bool carry_on = middle >= middles;
    middle -= carry_on ? middles : 0;
    outer += step.outer + (carry_on ? 1 : 0);
  }
};

// One axis of a class of results: result i is at position place + i * place_step of its image, and tap t meets the
// source at i * step + first + t * tap_step. Tap t of the class is tap first_tap + t * tap_stride of the weight.
struct GatherAxis {
  int results, place, place_step;
  int extent, step, first, tap_step;
  int taps, first_tap, tap_stride;
};

inline constexpr int kMostStride = 4, kMostTaps = 16;  // of an axis

struct GatherShape {
  int batch, channels, columns;                    // N, C of the source, channels of results
  int kernel_height, kernel_width, height, width;  // R, S; of an image of results
  int vertical_classes, horizontal_classes;        // the grid's y and z
  GatherAxis vertical[kMostStride], horizontal[kMostStride];
};

// Bit t is set where tap t meets the source from result `result`.
__device__ __forceinline__ std::uint32_t taps_met(const GatherAxis& axis, int result) {
  std::uint32_t met = 0;
  for (int t = 0; t < axis.taps; ++t) {
    const int position = result * axis.step + axis.first + t * axis.tap_step;
    met |= (position >= 0 && position < axis.extent ? 1u : 0u) << t;
  }
  return met;
}

enum class Access : std::uint8_t { vector, scalar };

// Copies stages of A and B for rows and columns from `first_row` and `first_column`; thread t has chunk t % 4 of rows
// t / 4, t / 4 + threads / 4, ... `vector` asks for channels in whole chunks and aligned pointers; `scalar` takes
// elements one by one.
template <class Tile, Access access>
class GatherLoader {
  using Element = typename Tile::Element;

 public:
  __device__ __forceinline__ GatherLoader(const GatherShape& shape, const GatherAxis& v, const GatherAxis& h,
                                          const Element* source, const Element* weight, int first_row, int first_column)
      : down_(v.taps),
        across_(max(h.taps, 1)),
        channels_(shape.channels),
        source_down_(v.tap_step * h.extent * shape.channels),
        source_across_(h.tap_step * shape.channels),
        weight_down_(v.tap_stride * shape.kernel_width * shape.channels),
        weight_across_(h.tap_stride * shape.channels),
        filter_(std::int64_t{shape.kernel_height} * shape.kernel_width * shape.channels),
        source_(source),
        weight_(weight),
        filters_(weight + (first_column + line()) * filter_ +
                 (v.first_tap * shape.kernel_width + h.first_tap) * shape.channels),
        columns_(shape.columns - first_column - line()),
        tap_(Digits::of(chunk() * Tile::chunk, across_, shape.channels)),
        step_(Digits::of(Tile::depth, across_, shape.channels)) {
    const int rows = shape.batch * v.results * h.results;
    UNROLL for (int i = 0; i < kRows; ++i) {
      const int row = first_row + line() + i * kLines;
      const Digits at = Digits::of(row, v.results, h.results);
      met_[i] = row < rows ? taps_met(v, at.middle) | taps_met(h, at.inner) << kMostTaps : 0;
      const std::int64_t top = std::int64_t{at.outer} * v.extent + at.middle * v.step + v.first;
      from_[i] = source + (top * h.extent + at.inner * h.step + h.first) * shape.channels;
    }
  }

  __device__ __forceinline__ void load(Element* a, Element* b) {
    const int place = place_in_tile<Tile, 4>(line(), chunk());
    UNROLL for (int i = 0; i < kRows; ++i) if (Tile::m >= kLines || line() < Tile::m)
        load_row(a + place + i * kLines * Tile::depth, i);
    UNROLL for (int i = 0; i < kColumns; ++i) if (Tile::n >= kLines || line() < Tile::n)
        load_column(b + place + i * kLines * Tile::depth, i);
    tap_.add(step_, across_, channels_);
  }

 private:
  static constexpr int kLines = Tile::threads / 4;
  static constexpr int kRows = (Tile::m + kLines - 1) / kLines, kColumns = (Tile::n + kLines - 1) / kLines;
  static_assert(kLines % 16 == 0, "the swizzle repeats after 16 rows");

  __device__ __forceinline__ static int line() { return static_cast<int>(threadIdx.x) / 4; }
  __device__ __forceinline__ static int chunk() { return static_cast<int>(threadIdx.x) % 4; }

  // A tap past the last has no bit.
  __device__ __forceinline__ bool meets(int i, const Digits& tap) const {
    return tap.outer < kMostTaps && ((met_[i] >> tap.outer) & (met_[i] >> (kMostTaps + tap.middle)) & 1u) != 0;
  }
  __device__ __forceinline__ const Element* in_source(int i, const Digits& tap) const {
    return from_[i] + tap.outer * source_down_ + tap.middle * source_across_ + tap.inner;
  }
  __device__ __forceinline__ bool has_column(int i, const Digits& tap) const {
    return tap.outer < down_ && i * kLines < columns_;
  }
  __device__ __forceinline__ const Element* in_weight(int i, const Digits& tap) const {
    return filters_ + i * kLines * filter_ + tap.outer * weight_down_ + tap.middle * weight_across_ + tap.inner;
  }

  __device__ __forceinline__ void load_row(Element* to, int i) const {
    if constexpr (access == Access::vector) {
      const bool keep = meets(i, tap_);
      ptx::cp_async16(to, keep ? in_source(i, tap_) : source_, keep);
    } else {
      one_by_one(to, [&](const Digits& tap) { return meets(i, tap) ? *in_source(i, tap) : Element{}; });
    }
  }
  __device__ __forceinline__ void load_column(Element* to, int i) const {
    if constexpr (access == Access::vector) {
      const bool keep = has_column(i, tap_);
      ptx::cp_async16(to, keep ? in_weight(i, tap_) : weight_, keep);
    } else {
      one_by_one(to, [&](const Digits& tap) { return has_column(i, tap) ? *in_weight(i, tap) : Element{}; });
    }
  }

  template <class F>
  __device__ __forceinline__ void one_by_one(Element* to, F&& element) const {
    Pack<Element, Tile::chunk> values;
    Digits tap = tap_;
    UNROLL for (int e = 0; e < Tile::chunk; ++e) {
      values[e] = element(tap);
      tap.add({0, 0, 1}, across_, channels_);
    }
    *reinterpret_cast<Pack<Element, Tile::chunk>*>(to) = values;
  }

  // Taps of the class and channels: the digits of the depth.
  const int down_, across_, channels_;
  // Elements from a tap to the next.
  const int source_down_, source_across_, weight_down_, weight_across_;
  const std::int64_t filter_;
  const Element *source_, *weight_, *filters_;
  const int columns_;  // from the thread's first on
  Digits tap_;
  const Digits step_;
  const Element* from_[kRows];  // where tap (0, 0) meets the source
  std::uint32_t met_[kRows];    // by vertical taps, then by horizontal taps
};

}  // namespace sluice::kernels::cuda
