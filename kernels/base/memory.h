// SPDX-License-Identifier: Apache-2.0
// Raw memory from a device's driver. Only the caching allocator of core calls it.
#pragma once

#include <cstddef>

#include "kernels/base/exec.h"

namespace sluice::kernels {

inline constexpr std::size_t kAlignment = 64;

// Returns nullptr where the device has no more; `bytes` > 0. Throws DeviceError for a device that is not in the build.
void* raw_allocate(Device device, std::size_t bytes);
void raw_free(Device device, void* memory, std::size_t bytes) noexcept;

// Copies between host and devices, in the order of `exec`; returns when the copy is done.
void copy_bytes(const Exec& exec, Device to_device, void* to, Device from_device, const void* from, std::size_t bytes);
void fill_zero(const Exec& exec, void* memory, std::size_t bytes);

}  // namespace sluice::kernels
