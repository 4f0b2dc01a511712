// SPDX-License-Identifier: Apache-2.0
// Raw memory from a device's driver. Only the caching allocator of core calls it.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sluice/base/exec.h>

namespace sluice::kernels {

inline constexpr std::size_t kAlignment = 64;

// Returns nullptr where the device has no more; `bytes` > 0. Throws DeviceError for a device that is not in the build.
void* raw_allocate(Device device, std::size_t bytes);
void raw_free(Device device, void* memory, std::size_t bytes) noexcept;

// Free and total memory of a device, in bytes; zeros where the system does not say.
struct MemoryInfo {
  std::size_t free = 0;
  std::size_t total = 0;
};
MemoryInfo memory_info(Device device);

// Tells the device that a block holds `bytes` of something new from here on: contents are unspecified and the rest of
// it must not be touched, which the emulated device checks.
void note_reuse(const Exec& exec, void* memory, std::size_t bytes);

// Copies between host and devices, in the order of `exec`. From the host it returns as soon as `from` may change; to
// the host, when the bytes are there; between devices, at once. A graph that is being captured can't hold the first
// two.
void copy_bytes(const Exec& exec, Device to_device, void* to, Device from_device, const void* from, std::size_t bytes);
void fill_zero(const Exec& exec, void* memory, std::size_t bytes);
// `count` elements of `element_bytes` (1, 2, 4 or 8) each become the low bytes of `pattern`.
void fill(const Exec& exec, void* memory, std::int64_t count, std::size_t element_bytes, std::uint64_t pattern);

}  // namespace sluice::kernels
