// SPDX-License-Identifier: Apache-2.0
// Work on x [rows, classes] row by row: `lanes` neighbouring threads, 1 or a whole warp, share a row. One thread a row
// serves the short rows of a classifier's logits, where a warp would mostly idle.
#pragma once

#include "kernels/cuda/reduce.h"

namespace sluice::kernels::cuda {

inline constexpr std::int64_t kShortRow = 32;

template <int lanes, class V, class F>
__device__ __forceinline__ V lanes_reduce(V value, F f) {
  if constexpr (lanes == 1)
    return value;
  else
    return warp_reduce(value, f);
}

template <int lanes>
__device__ __forceinline__ int lane_of_row() {
  return static_cast<int>(threadIdx.x) % lanes;
}

// f(lanes) with the number as a constant.
template <class F>
void with_lanes(std::int64_t classes, F&& f) {
  if (classes <= kShortRow)
    f(std::integral_constant<int, 1>{});
  else
    f(std::integral_constant<int, 32>{});
}

// The row of this thread in a grid with one row for every `lanes` threads.
template <int lanes>
__device__ __forceinline__ std::int64_t row_of_thread() {
  return (std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x) / lanes;
}

// The largest element of a row, and the sum of e^(x - largest); every lane gets them.
struct Exponentials {
  float largest, sum;
};

template <int lanes, class T>
__device__ Exponentials exponentials_of(std::int64_t classes, const T* x) {
  float largest = -INFINITY;
  for (std::int64_t c = lane_of_row<lanes>(); c < classes; c += lanes) {
    const float value = to_float(x[c]);
    largest = value > largest || value != value ? value : largest;  // a NaN is kept
  }
  largest = lanes_reduce<lanes>(largest, Larger{});
  float sum = 0;
  for (std::int64_t c = lane_of_row<lanes>(); c < classes; c += lanes) sum += expf(to_float(x[c]) - largest);
  return {largest, lanes_reduce<lanes>(sum, Plus{})};
}

}  // namespace sluice::kernels::cuda
