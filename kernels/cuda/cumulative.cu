// SPDX-License-Identifier: Apache-2.0
// Running sums: a thread has a column of several that lie side by side; a block takes a row in tiles, within which sums
// run over a thread's elements, a warp's threads and a block's warps, in an order that depends on the places alone.
#include <sluice/kernels/cumulative.h>

#include <sluice/kernels/cuda/device.h>
#include <sluice/kernels/pointwise.h>

namespace sluice::kernels::cuda {
namespace {

constexpr unsigned kThreads = 256;
constexpr std::int64_t kMostBlocks = 132 * 16;
// Elements of a thread in a tile.
constexpr int kEach = 4;

template <class R>
__device__ __forceinline__ R plus(R a, R b) {
  if constexpr (std::is_integral_v<R>)
    return static_cast<R>(static_cast<std::uint32_t>(a) + static_cast<std::uint32_t>(b));
  else
    return a + b;
}

template <class T, class R>
__device__ __forceinline__ T stored(R value) {
  if constexpr (std::is_integral_v<T>)
    return value;
  else
    return from_float<T>(value);
}

template <class T>
__global__ void __launch_bounds__(kThreads) cumulative_columns_kernel(CumulativeGeometry g, const T* x, T* y) {
  using R = Compute<T>;
  for (std::int64_t i = std::int64_t{blockIdx.x} * kThreads + threadIdx.x; i < g.outer * g.inner;
       i += std::int64_t{gridDim.x} * kThreads) {
    const std::int64_t outer = i / g.inner, first = outer * g.extent * g.inner + (i - outer * g.inner);
    R sum{};
    for (std::int64_t k = 0; k < g.extent; ++k) {
      const std::int64_t at = first + (g.direction == Direction::forward ? k : g.extent - 1 - k) * g.inner;
      sum = plus(sum, static_cast<R>(x[at]));
      y[at] = stored<T>(sum);
    }
  }
}

template <class T>
__global__ void __launch_bounds__(kThreads) cumulative_rows_kernel(CumulativeGeometry g, const T* x, T* y) {
  using R = Compute<T>;
  SHARED(of_warps, R[kThreads / 32]);
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  for (std::int64_t row = blockIdx.x; row < g.outer; row += gridDim.x) {
    R before{};
    for (std::int64_t tile = 0; tile < g.extent; tile += kThreads * kEach) {
      const std::int64_t first = tile + threadIdx.x * kEach;
      const auto place = [&](int j) {
        const std::int64_t k = first + j;
        return row * g.extent + (g.direction == Direction::forward ? k : g.extent - 1 - k);
      };
      R values[kEach];
      R own{};
      UNROLL for (int j = 0; j < kEach; ++j) {
        values[j] = first + j < g.extent ? static_cast<R>(x[place(j)]) : R{};
        own = plus(own, values[j]);
      }
      R running = own;
      UNROLL for (unsigned apart = 1; apart < 32; apart *= 2) {
        const R below = __shfl_up_sync(~0u, running, apart);
        if (lane >= static_cast<int>(apart)) running = plus(below, running);
      }
      // What the lanes before this one hold.
      R sum = __shfl_up_sync(~0u, running, 1);
      if (lane == 0) sum = R{};
      // Those of the last tile may still be read.
      __syncthreads();
      if (lane == 31) of_warps[warp] = running;
      __syncthreads();
      R of_tile = before;
      for (int w = 0; w < static_cast<int>(kThreads / 32); ++w) {
        if (w == warp) sum = plus(of_tile, sum);
        of_tile = plus(of_tile, of_warps[w]);
      }
      before = of_tile;
      UNROLL for (int j = 0; j < kEach; ++j) {
        sum = plus(sum, values[j]);
        if (first + j < g.extent) y[place(j)] = stored<T>(sum);
      }
    }
  }
}

}  // namespace
}  // namespace sluice::kernels::cuda

namespace sluice::kernels {

using namespace cuda;

template <>
template <class T>
void Cumulative<Cuda>::sum(const Exec& exec, const CumulativeGeometry& g, const T* x, T* y) {
  if (g.outer * g.extent * g.inner == 0) return;
  if (g.inner > 1)
    return launch(exec, {"cumulative_columns", blocks_for(g.outer * g.inner, kThreads, 1, kMostBlocks), kThreads},
                  cumulative_columns_kernel<T>, g, x, y);
  launch(exec, {"cumulative_rows", blocks_for(g.outer, 1, 1, kMostBlocks), kThreads}, cumulative_rows_kernel<T>, g, x,
         y);
}

[[gnu::used]] constexpr auto kInstances =
    instantiate(CumulativeTypesOnCuda{}, []<class T>(Type<T>) { return std::tuple(&Cumulative<Cuda>::sum<T>); });

}  // namespace sluice::kernels
