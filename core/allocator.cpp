// SPDX-License-Identifier: Apache-2.0
#include "core/allocator.h"

#include <algorithm>
#include <bit>
#include <iterator>
#include <map>
#include <mutex>

#include "kernels/base/error.h"
#include "kernels/base/memory.h"

namespace sluice {

struct CachingAllocator::State {
  Device device;
  mutable std::mutex mutex;
  std::multimap<std::size_t, void*> cached;
  std::multimap<std::size_t, void*> cached_scratch;
  AllocatorStatistics statistics;

  void give_back(std::size_t bytes, void* memory) noexcept {
    kernels::raw_free(device, memory, bytes);
    statistics.bytes_reserved -= bytes;
  }

  void empty_cache() noexcept {
    for (auto* list : {&cached, &cached_scratch}) {
      for (const auto& [bytes, memory] : *list) give_back(bytes, memory);
      list->clear();
    }
  }

  // A new block from the driver.
  Block obtain(std::size_t bytes) {
    void* memory = kernels::raw_allocate(device, bytes);
    if (memory == nullptr) {
      empty_cache();
      memory = kernels::raw_allocate(device, bytes);
    }
    if (memory == nullptr)
      throw OutOfMemory(concat("out of memory on ", device, ": asked for ", bytes >> 20, " MiB, ",
                               statistics.bytes_in_use >> 20, " MiB in use; try a smaller batch size"));
    statistics.bytes_reserved += bytes;
    ++statistics.driver_allocations;
    return {memory, bytes};
  }

  void count(const Block& block) {
    ++statistics.allocations;
    statistics.bytes_in_use += block.bytes;
    statistics.peak_bytes_in_use = std::max(statistics.peak_bytes_in_use, statistics.bytes_in_use);
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
  const std::size_t wanted = rounded(bytes);
  const auto fit = state_->cached.lower_bound(wanted);
  Block block;
  if (fit != state_->cached.end() && fit->first <= wanted + wanted / 4) {
    block = {fit->second, fit->first};
    state_->cached.erase(fit);
  } else {
    block = state_->obtain(wanted);
  }
  state_->count(block);
  return block;
}

void CachingAllocator::release(Block block) noexcept {
  if (block.memory == nullptr) return;
  const std::lock_guard lock(state_->mutex);
  state_->statistics.bytes_in_use -= block.bytes;
  // Before its equals: the block that was used last is handed out first, while it is still in the processor's cache.
  state_->cached.emplace_hint(state_->cached.lower_bound(block.bytes), block.bytes, block.memory);
}

CachingAllocator::Block CachingAllocator::allocate_scratch(std::size_t bytes) {
  if (bytes == 0) return {};
  const std::lock_guard lock(state_->mutex);
  const std::size_t wanted = rounded(bytes);
  Block block;
  if (!state_->cached_scratch.empty()) {
    const auto largest = std::prev(state_->cached_scratch.end());
    block = {largest->second, largest->first};
    state_->cached_scratch.erase(largest);
  }
  if (block.bytes < wanted) {
    if (block.memory != nullptr) state_->give_back(block.bytes, block.memory);
    block = state_->obtain(wanted);
  }
  state_->count(block);
  return block;
}

void CachingAllocator::release_scratch(Block block) noexcept {
  if (block.memory == nullptr) return;
  const std::lock_guard lock(state_->mutex);
  state_->statistics.bytes_in_use -= block.bytes;
  state_->cached_scratch.emplace(block.bytes, block.memory);
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
  // Never destroyed: tensors of static life may outlive any order of destruction.
  static auto& cpu = *new CachingAllocator(Device{});
  if (device == Device{}) return cpu;
  require(device.kind == DeviceKind::cuda && device.index == 0, "allocator", "there is no device ", device);
  static auto& cuda = *new CachingAllocator(device);
  return cuda;
}

}  // namespace sluice
