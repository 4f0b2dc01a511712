// SPDX-License-Identifier: Apache-2.0
#include "core/allocator.h"

#include <algorithm>
#include <bit>
#include <map>
#include <mutex>

#include "kernels/base/error.h"
#include "kernels/base/memory.h"

namespace sluice {

struct CachingAllocator::State {
  Device device;
  mutable std::mutex mutex;
  std::multimap<std::size_t, void*> cached;
  AllocatorStatistics statistics;

  void empty_cache() noexcept {
    for (const auto& [bytes, memory] : cached) {
      kernels::raw_free(device, memory, bytes);
      statistics.bytes_reserved -= bytes;
    }
    cached.clear();
  }
};

namespace {

// Sizes come in eighths of a power of two, so that nearby requests share blocks and at most an eighth is wasted.
std::size_t rounded(std::size_t bytes) {
  constexpr std::size_t smallest = 512;
  const std::size_t step = std::max(smallest, std::bit_floor(bytes) / 8);
  return (bytes + step - 1) / step * step;
}

}  // namespace

CachingAllocator::CachingAllocator(Device device) : state_(new State{.device = device}) {}

CachingAllocator::~CachingAllocator() {
  state_->empty_cache();
  delete state_;
}

CachingAllocator::Block CachingAllocator::allocate(std::size_t bytes) {
  if (bytes == 0) return {};
  const std::lock_guard lock(state_->mutex);
  AllocatorStatistics& statistics = state_->statistics;
  Block block{nullptr, rounded(bytes)};

  const auto fit = state_->cached.lower_bound(block.bytes);
  if (fit != state_->cached.end() && fit->first <= block.bytes + block.bytes / 4) {
    block = {fit->second, fit->first};
    state_->cached.erase(fit);
  } else {
    block.memory = kernels::raw_allocate(state_->device, block.bytes);
    if (block.memory == nullptr) {
      state_->empty_cache();
      block.memory = kernels::raw_allocate(state_->device, block.bytes);
    }
    if (block.memory == nullptr)
      throw OutOfMemory(concat("out of memory on ", state_->device, ": asked for ", block.bytes >> 20, " MiB, ",
                               statistics.bytes_in_use >> 20, " MiB in use; try a smaller batch size"));
    statistics.bytes_reserved += block.bytes;
    ++statistics.driver_allocations;
  }
  ++statistics.allocations;
  statistics.bytes_in_use += block.bytes;
  statistics.peak_bytes_in_use = std::max(statistics.peak_bytes_in_use, statistics.bytes_in_use);
  return block;
}

void CachingAllocator::release(Block block) noexcept {
  if (block.memory == nullptr) return;
  const std::lock_guard lock(state_->mutex);
  state_->statistics.bytes_in_use -= block.bytes;
  // Before its equals: the block that was used last is handed out first, while it is still in the processor's cache.
  state_->cached.emplace_hint(state_->cached.lower_bound(block.bytes), block.bytes, block.memory);
}

AllocatorStatistics CachingAllocator::statistics() const {
  const std::lock_guard lock(state_->mutex);
  return state_->statistics;
}

void CachingAllocator::reset_peak_statistics() {
  const std::lock_guard lock(state_->mutex);
  state_->statistics.peak_bytes_in_use = state_->statistics.bytes_in_use;
}

void CachingAllocator::empty_cache() noexcept {
  const std::lock_guard lock(state_->mutex);
  state_->empty_cache();
}

CachingAllocator& allocator(Device device) {
  require(device.kind == DeviceKind::cpu && device.index == 0, "allocator", "this build of Sluice has no device ",
          device);
  // Never destroyed: tensors of static life may outlive any order of destruction.
  static auto& cpu = *new CachingAllocator(Device{});
  return cpu;
}

}  // namespace sluice
