// SPDX-License-Identifier: Apache-2.0
// The emulated device's memory: a range of addresses of its own. Each allocation has pages of its own behind a page
// that faults, and no address is handed out twice, so that what is used after it was freed is seen.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

namespace sluice::emulator {

class Shadow;

enum class MemoryKind { device, pinned_host };

struct Allocation {
  Allocation();
  ~Allocation();

  std::byte* begin = nullptr;
  std::size_t bytes = 0;
  std::size_t usable_bytes = 0;  // of a block that a caching allocator handed out for less than all of it
  MemoryKind kind = MemoryKind::device;
  bool freed = false;
  std::unique_ptr<Shadow> shadow;  // what the checked build knows of it
};

class DeviceMemory {
 public:
  DeviceMemory();
  ~DeviceMemory();
  DeviceMemory(const DeviceMemory&) = delete;
  DeviceMemory& operator=(const DeviceMemory&) = delete;

  // Aligned to 256, filled with 0xFF; nullptr where `kind` is device and the device has no more.
  void* allocate(std::size_t bytes, MemoryKind kind);
  // false where `memory` is not the begin of an allocation that lives.
  bool free(void* memory);

  // The allocation, living or freed, in whose pages an address lies; nullptr elsewhere.
  Allocation* find(const void* address) const {
    const auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(address) - base_);
    return offset < kBytes ? pages_[offset / kPage] : nullptr;
  }
  // The allocation that lives and holds all those bytes; nullptr otherwise.
  Allocation* holding(const void* address, std::size_t bytes) const;
  // The last allocation that begins before an address, for reports.
  const Allocation* nearest(const void* address) const;

  std::size_t used_bytes() const { return used_bytes_; }

 private:
  static constexpr std::size_t kBytes = std::size_t{256} << 30;  // of addresses
  static constexpr std::size_t kPage = 4096;

  std::byte* base_;
  Allocation** pages_;        // by page
  std::size_t next_ = kPage;  // offset of the first address that was never handed out
  std::size_t used_bytes_ = 0;
};

DeviceMemory& device_memory();

// "1024 bytes into a device buffer of 1024 bytes", for reports.
std::string describe(const void* address);

}  // namespace sluice::emulator
