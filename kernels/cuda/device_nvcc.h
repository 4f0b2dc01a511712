// SPDX-License-Identifier: Apache-2.0
// The device language under nvcc: CUDA as it is. Included by device.h only.
#pragma once

namespace sluice::kernels::cuda {

template <class T>
using SharedType = T;

template <class... Parameters>
cudaError_t launch_kernel(const char*, dim3 grid, dim3 block, std::size_t shared_bytes, cudaStream_t stream,
                          void (*kernel)(Parameters...), Parameters... arguments) {
  constexpr std::size_t unasked = std::size_t{48} << 10;
  if (shared_bytes > unasked) {
    const cudaError_t status =
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shared_bytes));
    if (status != cudaSuccess) return status;
  }
  cudaLaunchConfig_t config{};
  config.gridDim = grid;
  config.blockDim = block;
  config.dynamicSmemBytes = shared_bytes;
  config.stream = stream;
  return cudaLaunchKernelEx(&config, kernel, arguments...);
}

}  // namespace sluice::kernels::cuda

#define SHARED(name, ...) __shared__ ::sluice::kernels::cuda::SharedType<__VA_ARGS__> name
#define SHARED_DYNAMIC(T, name)                                  \
  extern __shared__ __align__(128) unsigned char name##_bytes[]; \
  T* name = reinterpret_cast<T*>(name##_bytes)
#define UNROLL _Pragma("unroll")
#define ROLLED _Pragma("unroll 1")
#define CALL_SITE
#define PASS_CALL_SITE
