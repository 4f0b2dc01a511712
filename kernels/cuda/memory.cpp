// SPDX-License-Identifier: Apache-2.0
#include "kernels/cuda/memory.h"

#include <cuda_runtime_api.h>

#include <cstdlib>

#include "kernels/cuda/launch.h"

namespace sluice::kernels::cuda {

void* raw_allocate(std::size_t bytes) {
  void* memory = nullptr;
  const cudaError_t status = cudaMalloc(&memory, bytes);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    return nullptr;
  }
  check(status, "cudaMalloc");
  return memory;
}

void raw_free(void* memory) noexcept { cudaFree(memory); }

void copy_bytes(const Exec& exec, void* to, const void* from, std::size_t bytes) {
  const auto stream = static_cast<cudaStream_t>(exec.stream);
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream), "cudaMemcpyAsync");
  check(cudaStreamSynchronize(stream), "cudaStreamSynchronize");
}

void fill_zero(const Exec& exec, void* memory, std::size_t bytes) {
  check(cudaMemsetAsync(memory, 0, bytes, static_cast<cudaStream_t>(exec.stream)), "cudaMemsetAsync");
}

}  // namespace sluice::kernels::cuda
