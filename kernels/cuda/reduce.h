// SPDX-License-Identifier: Apache-2.0
// Reductions in a fixed order, so that the same input gives the same bits.
#pragma once

#include "kernels/cuda/device.h"

namespace sluice::kernels::cuda {

struct Plus {
  template <class V>
  __device__ __forceinline__ V operator()(V a, V b) const {
    return a + b;
  }
};

struct Larger {
  __device__ __forceinline__ float operator()(float a, float b) const { return fmaxf(a, b); }
};

// Every lane of a full warp gets f over the warp's values.
template <class V, class F>
__device__ __forceinline__ V warp_reduce(V value, F f) {
  UNROLL for (int distance = 16; distance > 0; distance /= 2) value =
      f(value, __shfl_xor_sync(0xffffffffu, value, distance));
  return value;
}

// Every thread of a block of `threads` (a multiple of 32, at most 1024) gets f over the block's values.
template <int threads, class V, class F>
__device__ V block_reduce(V value, V identity, F f) {
  constexpr int warps = threads / 32;
  SHARED(of_warp, V[warps]);
  const int lane = static_cast<int>(threadIdx.x) % 32, warp = static_cast<int>(threadIdx.x) / 32;
  value = warp_reduce(value, f);
  __syncthreads();  // a call before this one may still read
  if (lane == 0) of_warp[warp] = value;
  __syncthreads();
  return warp_reduce(lane < warps ? of_warp[lane] : identity, f);
}

}  // namespace sluice::kernels::cuda
