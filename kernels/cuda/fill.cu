// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/cuda/device.h>
#include <sluice/kernels/cuda/memory.h>

namespace sluice::kernels::cuda {
namespace {

// out [n] = value. Bound by bytes: n * sizeof(T) written.
template <class T>
__global__ void __launch_bounds__(256) fill_kernel(std::int64_t n, T value, T* out) {
  const std::int64_t stride = std::int64_t{gridDim.x} * blockDim.x;
  for (std::int64_t i = std::int64_t{blockIdx.x} * blockDim.x + threadIdx.x; i < n; i += stride) out[i] = value;
}

template <class T>
void fill_words(const Exec& exec, void* memory, std::int64_t count, std::uint64_t pattern) {
  constexpr unsigned block = 256, most_blocks = 132 * 16;
  launch(exec, {"fill", blocks_for(count, block, 1, most_blocks), block}, fill_kernel<T>, count,
         static_cast<T>(pattern), static_cast<T*>(memory));
}

}  // namespace

void fill(const Exec& exec, void* memory, std::int64_t count, std::size_t element_bytes, std::uint64_t pattern) {
  switch (element_bytes) {
    case 1: return fill_words<std::uint8_t>(exec, memory, count, pattern);
    case 2: return fill_words<std::uint16_t>(exec, memory, count, pattern);
    case 4: return fill_words<std::uint32_t>(exec, memory, count, pattern);
    default: return fill_words<std::uint64_t>(exec, memory, count, pattern);
  }
}

}  // namespace sluice::kernels::cuda
