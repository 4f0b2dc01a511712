// SPDX-License-Identifier: Apache-2.0
// The device language: what a kernel may use of CUDA, compiled by nvcc, or by a host compiler over emulator. A
// kernel includes this, ptx.h and the headers beside them, and nothing else of CUDA; it holds no #if, no asm, no
// <<<>>>.
//
//   SHARED(tile, float[16][17]);        a block's static shared memory
//   SHARED_DYNAMIC(float, buffer);      a block's dynamic shared memory, as launch() asked for it
//   UNROLL for (...)                    unrolled by nvcc
//   ROLLED for (...)                    left a loop by nvcc
//   launch(exec, {"relu_forward", grid, block}, relu_forward_kernel<T>, n, x, y);
//
// Block sizes are multiples of 32; every thread of a block reaches every __syncthreads() at the same place.
#pragma once

#ifndef SLUICE_KERNEL_FILE
#error \
    "CMake's sluice_add_kernels compiles files with kernels, for a Sluice of SLUICE_CUDA=on, emulated or emulated-checked"
#endif

#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <tuple>
#include <type_traits>
#include <utility>

#include <sluice/base/error.h>
#include <sluice/base/exec.h>
#include <sluice/base/types.h>
#include <sluice/kernels/cuda/launch.h>

#ifdef __CUDACC__
#include <sluice/kernels/cuda/device_nvcc.h>
#else
#include <sluice/emulator/device_host.h>
#endif

namespace sluice::kernels::cuda {

template <class... Parameters, class... Arguments>
void launch(const Exec& exec, const LaunchConfig& config, void (*kernel)(Parameters...), Arguments&&... arguments) {
  check_launch(exec, config,
               launch_kernel(config.name, config.grid, config.block, config.shared_bytes, stream_of(exec), kernel,
                             static_cast<Parameters>(arguments)...));
}

// Blocks of `block` threads for n elements, `each` a thread; at most `most`, for kernels that stride over the rest.
inline unsigned blocks_for(std::int64_t n, std::int64_t block, std::int64_t each = 1, std::int64_t most = 0x7fffffff) {
  const std::int64_t blocks = (n + block * each - 1) / (block * each);
  return static_cast<unsigned>(blocks < 1 ? 1 : blocks < most ? blocks : most);
}

__device__ __forceinline__ float to_float(float value) { return value; }
__device__ __forceinline__ float to_float(BFloat16 value) { return value; }

// Rounds to nearest even.
template <class T>
__device__ __forceinline__ T from_float(float value) {
  if constexpr (std::is_same_v<T, BFloat16>) {
    const __nv_bfloat16_raw raw = __float2bfloat16_rn(value);
    BFloat16 result;
    result.bits = raw.x;
    return result;
  } else {
    return value;
  }
}

// `count` neighbouring elements, moved by one instruction; aligned to their size.
template <class T, int count>
struct alignas(sizeof(T) * count) Pack {
  T values[count];

  __device__ __forceinline__ T& operator[](int i) { return values[i]; }
  __device__ __forceinline__ const T& operator[](int i) const { return values[i]; }
};

}  // namespace sluice::kernels::cuda
