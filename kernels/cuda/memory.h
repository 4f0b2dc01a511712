// SPDX-License-Identifier: Apache-2.0
// Memory of the CUDA device, behind kernels/runtime/memory.h.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sluice/kernels/cuda/emulated.h>
#include <sluice/kernels/runtime/memory.h>

namespace sluice::kernels::cuda {

// nullptr where the device has no more.
void* raw_allocate(Device device, std::size_t bytes);
void raw_free(void* memory) noexcept;
MemoryInfo memory_info(Device device);
void copy_bytes(const Exec& exec, Device to_device, void* to, Device from_device, const void* from, std::size_t bytes);
void fill_zero(const Exec& exec, void* memory, std::size_t bytes);
void fill(const Exec& exec, void* memory, std::int64_t count, std::size_t element_bytes, std::uint64_t pattern);

}  // namespace sluice::kernels::cuda
