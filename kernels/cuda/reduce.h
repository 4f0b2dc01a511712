// SPDX-License-Identifier: Apache-2.0
// Sums and maxima over neighbouring lanes and over a block, in an order that depends on the sizes alone.
#pragma once

#include <sluice/kernels/cuda/device.h>

namespace sluice::kernels::cuda {

// Over groups of `lanes` (a power of two up to 32) lanes that lie side by side; every lane receives its group's. All
// lanes of the warp take part.
template <int lanes, class V>
__device__ __forceinline__ V lanes_sum(V value) {
  UNROLL for (int apart = lanes / 2; apart > 0; apart /= 2) value += __shfl_xor_sync(~0u, value, apart);
  return value;
}

template <int lanes>
__device__ __forceinline__ float lanes_max(float value) {
  UNROLL for (int apart = lanes / 2; apart > 0; apart /= 2) value = fmaxf(value, __shfl_xor_sync(~0u, value, apart));
  return value;
}

// Over all threads of a block of up to 1024; every thread receives it. All threads take part.
__device__ __forceinline__ double block_sum(double value) {
  SHARED(sums_of_warps, double[32]);
  value = lanes_sum<32>(value);
  // Those of the last call may still be read.
  __syncthreads();
  if (threadIdx.x % 32 == 0) sums_of_warps[threadIdx.x / 32] = value;
  __syncthreads();
  double total = 0;
  for (unsigned warp = 0; warp < blockDim.x / 32; ++warp) total += sums_of_warps[warp];
  return total;
}

// Sums of values and of their weights.
struct WeightedSum {
  double sum = 0;
  double weights = 0;
};

__device__ __forceinline__ WeightedSum block_sum(const WeightedSum& value) {
  return {block_sum(value.sum), block_sum(value.weights)};
}

}  // namespace sluice::kernels::cuda
