// SPDX-License-Identifier: Apache-2.0
// The first elements of each line in an order, one after the other: the next is the first of those that stand behind
// the last one found. A thread has a short line or one of several side by side, a warp or a block a long one.
#include <sluice/kernels/order.h>

#include <sluice/kernels/cuda/device.h>
#include <sluice/kernels/pointwise.h>

namespace sluice::kernels::cuda {
namespace {

constexpr unsigned kThreads = 256;
constexpr std::int64_t kMostBlocks = 132 * 16;
// Lines up to this length are a thread's and a warp's.
constexpr std::int64_t kShortLine = 16, kWarpLine = 2048;

// An element of a line; index -1 is none.
template <class R>
struct Found {
  R value;
  std::int32_t index = -1;

  __device__ __forceinline__ void take(Order order, R other, std::int32_t at) {
    if (at < 0 || (index >= 0 && !stands_before(order, other, at, value, index))) return;
    value = other;
    index = at;
  }
};

// Over all `lanes` threads that share a line; every one receives it.
template <int lanes, class R>
__device__ __forceinline__ Found<R> first_of_all(Order order, Found<R> found) {
  if constexpr (lanes > 1) UNROLL for (int apart = 16; apart > 0; apart /= 2) {
      const R value = __shfl_xor_sync(~0u, found.value, apart);
      const std::int32_t index = __shfl_xor_sync(~0u, found.index, apart);
      found.take(order, value, index);
    }
  if constexpr (lanes > 32) {
    SHARED(values, R[lanes / 32]);
    SHARED(indices, std::int32_t[lanes / 32]);
    // Those of the last round may still be read.
    __syncthreads();
    if (threadIdx.x % 32 == 0) {
      values[threadIdx.x / 32] = found.value;
      indices[threadIdx.x / 32] = found.index;
    }
    __syncthreads();
    for (int warp = 0; warp < lanes / 32; ++warp) found.take(order, values[warp], indices[warp]);
  }
  return found;
}

template <class T, int lanes>
__global__ void __launch_bounds__(kThreads) order_first_kernel(OrderGeometry g, const T* x, std::int32_t* index) {
  using R = Compute<T>;
  constexpr std::int64_t together = kThreads / lanes;
  const int lane = static_cast<int>(threadIdx.x) % lanes;
  const auto extent = static_cast<std::int32_t>(g.extent);
  // All threads of a line take every round; lines are the same for a whole warp or block.
  for (std::int64_t line = blockIdx.x * together + threadIdx.x / lanes; line < g.outer * g.inner;
       line += gridDim.x * together) {
    const std::int64_t outer = line / g.inner, column = line - outer * g.inner;
    const T* from = x + outer * g.extent * g.inner + column;
    std::int32_t* to = index + outer * g.count * g.inner + column;
    Found<R> last{R(0)};
    for (std::int64_t round = 0; round < g.count; ++round) {
      Found<R> next{R(0)};
      for (std::int32_t i = lane; i < extent; i += lanes) {
        const R value = static_cast<R>(from[i * g.inner]);
        if (last.index < 0 || stands_before(g.order, last.value, last.index, value, i)) next.take(g.order, value, i);
      }
      last = first_of_all<lanes>(g.order, next);
      if (lane == 0) to[round * g.inner] = last.index;
    }
  }
}

template <int lanes, class T>
void run(const Exec& exec, const OrderGeometry& g, const T* x, std::int32_t* index) {
  launch(exec, {"order_first", blocks_for(g.outer * g.inner * lanes, kThreads, 1, kMostBlocks), kThreads},
         order_first_kernel<T, lanes>, g, x, index);
}

}  // namespace
}  // namespace sluice::kernels::cuda

namespace sluice::kernels {

template <>
template <class T>
void Ordering<Cuda>::first(const Exec& exec, const OrderGeometry& g, const T* x, std::int32_t* index) {
  if (g.outer * g.inner * g.count == 0) return;
  if (g.inner > 1 || g.extent <= cuda::kShortLine) return cuda::run<1>(exec, g, x, index);
  if (g.extent <= cuda::kWarpLine) return cuda::run<32>(exec, g, x, index);
  cuda::run<256>(exec, g, x, index);
}

[[gnu::used]] constexpr auto kInstances =
    instantiate(CudaNumberTypes{}, []<class T>(Type<T>) { return std::tuple(&Ordering<Cuda>::first<T>); });

}  // namespace sluice::kernels
