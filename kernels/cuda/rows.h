// SPDX-License-Identifier: Apache-2.0
// Rows of logits [N,C], each held by `lanes` lanes of a warp that lie side by side: element c by lane c % lanes, in
// registers where a row has at most lanes * kept elements, else (kept = 0) read again from the caches each time.
// A row's reductions are shuffles; no shared memory.
#pragma once

#include <sluice/kernels/cuda/reduce.h>

namespace sluice::kernels::cuda {

template <class T, int lanes_, int kept>
class Row {
 public:
  static constexpr int lanes = lanes_;

  __device__ __forceinline__ Row(const T* row, std::int64_t count) : row_(row), count_(count) {
    UNROLL for (int k = 0; k < kept; ++k) if (lane() + k * lanes < count_) values_[k] =
        to_float(row_[lane() + k * lanes]);
  }

  // f(c, value) for the elements of this lane.
  template <class F>
  __device__ __forceinline__ void each(const F& f) const {
    if constexpr (kept > 0) {
      UNROLL for (int k = 0; k < kept; ++k) if (lane() + k * lanes < count_)
          f(std::int64_t{lane() + k * lanes}, values_[k]);
    } else {
      for (std::int64_t c = lane(); c < count_; c += lanes) f(c, to_float(row_[c]));
    }
  }

  // NaN is passed over.
  __device__ __forceinline__ float maximum() const {
    float largest = -INFINITY;
    each([&](std::int64_t, float value) { largest = fmaxf(largest, value); });
    return lanes_max<lanes>(largest);
  }
  // The sum over the whole row of f(c, value).
  template <class F>
  __device__ __forceinline__ float sum(const F& f) const {
    float total = 0;
    each([&](std::int64_t c, float value) { total += f(c, value); });
    return lanes_sum<lanes>(total);
  }

  static __device__ __forceinline__ int lane() { return static_cast<int>(threadIdx.x) % lanes; }

 private:
  const T* row_;
  std::int64_t count_;
  float values_[kept > 0 ? kept : 1];
};

// visit(i, live) for the rows of the calling lanes, a grid's stride apart. A block stays together: lanes that are left
// without a row visit the last one, not `live`, and must leave its elements alone.
template <int lanes, class Visit>
__device__ __forceinline__ void for_rows(std::int64_t rows, const Visit& visit) {
  const std::int64_t together = blockDim.x / lanes;
  for (std::int64_t first = blockIdx.x * together; first < rows; first += gridDim.x * together) {
    const std::int64_t i = first + threadIdx.x / lanes;
    visit(i < rows ? i : rows - 1, i < rows);
  }
}

// Calls run.template operator()<lanes, kept>() with what fits rows of `classes`.
template <class Run>
void with_row_shape(std::int64_t classes, const Run& run) {
  if (classes <= 16) return run.template operator()<1, 16>();
  if (classes <= 32) return run.template operator()<4, 8>();
  if (classes <= 256) return run.template operator()<32, 8>();
  run.template operator()<32, 0>();
}

inline constexpr unsigned kRowThreads = 256;
inline unsigned row_blocks(std::int64_t rows, int lanes) { return blocks_for(rows * lanes, kRowThreads, 1, 132 * 8); }

}  // namespace sluice::kernels::cuda
