// SPDX-License-Identifier: Apache-2.0
// Kernels with a thread for each pack of neighbouring channels of a result: how wide a pack is, and the arithmetic of
// indices, in 32 bits where the sizes allow it, since a division in 64 costs a kernel that only moves bytes dearly.
#pragma once

#include <sluice/kernels/cuda/device.h>

namespace sluice::kernels::cuda {

inline constexpr int kPackThreads = 256;

template <class... Pointers>
bool all_aligned(std::size_t bytes, const Pointers*... pointers) {
  return ((reinterpret_cast<std::uintptr_t>(pointers) % bytes == 0) && ...);
}

template <class T, int width>
__device__ __forceinline__ Pack<T, width> load_pack(const T* from, std::int64_t index) {
  return *reinterpret_cast<const Pack<T, width>*>(from + index);
}

template <class T, int width>
__device__ __forceinline__ void store_pack(T* to, std::int64_t index, const Pack<T, width>& values) {
  *reinterpret_cast<Pack<T, width>*>(to + index) = values;
}

// Calls run(std::integral_constant of the width, Index{}): 16 bytes of T where `channels` and the pointers allow it,
// else one element; Index unsigned where `elements`, the largest of the tensors, fit, else std::int64_t.
template <class T, class Run, class... Pointers>
void with_packs(std::int64_t channels, std::int64_t elements, const Run& run, const Pointers*... pointers) {
  constexpr int width = static_cast<int>(16 / sizeof(T));
  const auto with_index = [&](auto chosen) {
    if (elements < std::int64_t{1} << 31)
      run(chosen, std::uint32_t{});
    else
      run(chosen, std::int64_t{});
  };
  if (all_aligned(16, pointers...) && channels % width == 0)
    with_index(std::integral_constant<int, width>{});
  else
    with_index(std::integral_constant<int, 1>{});
}

// This thread's number in the grid.
template <class Index>
__device__ __forceinline__ Index global_thread() {
  return static_cast<Index>(blockIdx.x) * static_cast<Index>(kPackThreads) + static_cast<Index>(threadIdx.x);
}

}  // namespace sluice::kernels::cuda
