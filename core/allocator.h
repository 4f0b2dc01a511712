// SPDX-License-Identifier: Apache-2.0
// The caching allocator: freed blocks wait in lists by size and are handed out again, so that after one warm-up step a
// training step asks the driver for nothing. One per device, safe to call from several threads. A device runs all work
// on one stream, in whose order a block is handed out again: what was launched on it before is done by then.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <source_location>

#include <sluice/base/exec.h>

namespace sluice {

struct AllocatorStatistics {
  std::size_t bytes_in_use = 0;          // handed out now, rounded to block sizes
  std::size_t peak_bytes_in_use = 0;     // most ever in use since reset_peak_statistics
  std::size_t bytes_reserved = 0;        // held from the driver, in use or cached
  std::uint64_t driver_allocations = 0;  // calls to the driver; constant after the warm-up step
  std::uint64_t allocations = 0;         // calls to allocate
  std::uint64_t blocks_in_use = 0;       // handed out now
};

class CachingAllocator {
 public:
  // A set of cached blocks. A captured graph has one of its own, or what runs between its replays would be handed the
  // memory that a replay writes to.
  class Pool;
  using Asker = std::source_location;

  struct Block {
    void* memory = nullptr;
    std::size_t bytes = 0;  // of the block, at least what was asked
    std::shared_ptr<Pool> pool;
  };

  // Memory for `bytes` (0 gives an empty block), aligned to kernels::kAlignment, contents unspecified. A cached block
  // that fits with at most a quarter of waste is reused. Throws OutOfMemory, after the cache was returned in vain; it
  // names the file that asked, which is named after its operation.
  Block allocate(std::size_t bytes, Asker asker = Asker::current());
  void release(Block block) noexcept;

  // The same for memory that a single kernel needs for itself. It comes from few blocks that grow to the largest
  // request instead of one for each size, and is likely to be in the processor's cache still.
  Block allocate_scratch(std::size_t bytes, Asker asker = Asker::current());
  void release_scratch(Block block) noexcept;

  // An empty pool. When the last reference but those of its blocks goes, retire it.
  std::shared_ptr<Pool> make_pool();
  // Blocks come from `pool` from here on; nullptr: from the common one again.
  void use_pool(std::shared_ptr<Pool> pool);
  // Hands the pool's cached blocks to the common pool, and those that are in use as they are released.
  void retire_pool(const std::shared_ptr<Pool>& pool) noexcept;

  AllocatorStatistics statistics() const;
  void reset_peak_statistics();
  // Gives every cached block of the common pool back to the driver.
  void empty_cache() noexcept;

  explicit CachingAllocator(Device device);
  ~CachingAllocator();
  CachingAllocator(const CachingAllocator&) = delete;
  CachingAllocator& operator=(const CachingAllocator&) = delete;

 private:
  struct State;
  State* state_;
};

// The allocator of a device. Lives until the process ends. Throws DeviceError where the device can't be used.
CachingAllocator& allocator(Device device);

// Temporary memory for one kernel; returned to the allocator when it goes out of scope.
class Scratch {
 public:
  Scratch(Device device, std::size_t bytes, std::source_location asker = std::source_location::current())
      : device_(device), block_(allocator(device).allocate_scratch(bytes, asker)) {}
  ~Scratch() { allocator(device_).release_scratch(std::move(block_)); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;

  void* data() const { return block_.memory; }

 private:
  Device device_;
  CachingAllocator::Block block_;
};

}  // namespace sluice
