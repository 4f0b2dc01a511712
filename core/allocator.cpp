// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/allocator.h>

#include <algorithm>
#include <bit>
#include <iterator>
#include <map>
#include <mutex>
#include <string_view>

#include <sluice/base/error.h>
#include <sluice/kernels/runtime/device.h>
#include <sluice/kernels/runtime/memory.h>

namespace sluice {

class CachingAllocator::Pool {
 public:
  std::multimap<std::size_t, void*> cached;
  std::multimap<std::size_t, void*> cached_scratch;
  bool retired = false;
};

namespace {

// Sizes come in eighths of a power of two, so that nearby requests share blocks and at most an eighth is wasted.
std::size_t rounded(std::size_t bytes) {
  constexpr std::size_t smallest = 512;
  const std::size_t step = std::max(smallest, std::bit_floor(bytes) / 8);
  return (bytes + step - 1) / step * step;
}

// "core/ops/conv2d.cpp" is where conv2d asks.
std::string_view name_of_asker(const std::source_location& asker) {
  std::string_view file = asker.file_name();
  file.remove_prefix(file.find_last_of('/') + 1);
  return file.substr(0, file.find('.'));
}

std::string mebibytes(std::size_t bytes) {
  return concat((bytes >> 20) > 0 || bytes == 0 ? concat(bytes >> 20, " MiB") : concat(bytes, " bytes"));
}

}  // namespace

struct CachingAllocator::State {
  Device device;
  mutable std::mutex mutex;
  std::shared_ptr<Pool> common = std::make_shared<Pool>();
  std::shared_ptr<Pool> current = common;
  AllocatorStatistics statistics;

  void give_back(std::size_t bytes, void* memory) noexcept {
    kernels::raw_free(device, memory, bytes);
    statistics.bytes_reserved -= bytes;
  }

  void empty_cache() noexcept {
    for (auto* list : {&common->cached, &common->cached_scratch}) {
      for (const auto& [bytes, memory] : *list) give_back(bytes, memory);
      list->clear();
    }
  }

  // A new block from the driver.
  Block obtain(std::size_t bytes, const Asker& asker) {
    void* memory = kernels::raw_allocate(device, bytes);
    if (memory == nullptr) {
      empty_cache();
      memory = kernels::raw_allocate(device, bytes);
    }
    if (memory == nullptr) throw OutOfMemory(explain(bytes, asker));
    statistics.bytes_reserved += bytes;
    ++statistics.driver_allocations;
    return {memory, bytes, current};
  }

  std::string explain(std::size_t bytes, const Asker& asker) const {
    const kernels::MemoryInfo info = kernels::memory_info(device);
    return concat("[", name_of_asker(asker), "] out of memory on ", device, ": asked for ", mebibytes(bytes), "; ",
                  mebibytes(statistics.bytes_in_use), " are in use in ", statistics.blocks_in_use, " blocks, ",
                  mebibytes(statistics.bytes_reserved), " held; the device has ", mebibytes(info.free), " free of ",
                  mebibytes(info.total),
                  ". Smaller batches, micro-batches (--accumulate) or bf16 activations need less");
  }

  Block reuse(std::multimap<std::size_t, void*>& list, std::multimap<std::size_t, void*>::iterator at) {
    Block block{at->second, at->first, current};
    list.erase(at);
    return block;
  }

  // `block` serves `bytes` from here on.
  void hand_out(const Block& block, std::size_t bytes) {
    if (device.kind != DeviceKind::cpu) kernels::note_reuse(kernels::exec_on(device), block.memory, bytes);
    ++statistics.allocations;
    ++statistics.blocks_in_use;
    statistics.bytes_in_use += block.bytes;
    statistics.peak_bytes_in_use = std::max(statistics.peak_bytes_in_use, statistics.bytes_in_use);
  }

  Pool& home_of(const Block& block) {
    --statistics.blocks_in_use;
    statistics.bytes_in_use -= block.bytes;
    return block.pool->retired ? *common : *block.pool;
  }
};

CachingAllocator::CachingAllocator(Device device) : state_(new State{.device = device}) {}

CachingAllocator::~CachingAllocator() {
  state_->empty_cache();
  delete state_;
}

CachingAllocator::Block CachingAllocator::allocate(std::size_t bytes, Asker asker) {
  if (bytes == 0) return {};
  const std::lock_guard lock(state_->mutex);
  const std::size_t wanted = rounded(bytes);
  auto& cached = state_->current->cached;
  const auto fit = cached.lower_bound(wanted);
  const bool fits = fit != cached.end() && fit->first <= wanted + wanted / 4;
  Block block = fits ? state_->reuse(cached, fit) : state_->obtain(wanted, asker);
  state_->hand_out(block, bytes);
  return block;
}

void CachingAllocator::release(Block block) noexcept {
  if (block.memory == nullptr) return;
  const std::lock_guard lock(state_->mutex);
  auto& cached = state_->home_of(block).cached;
  // Before its equals: the block that was used last is handed out first, while it is still in the processor's cache.
  cached.emplace_hint(cached.lower_bound(block.bytes), block.bytes, block.memory);
}

CachingAllocator::Block CachingAllocator::allocate_scratch(std::size_t bytes, Asker asker) {
  if (bytes == 0) return {};
  const std::lock_guard lock(state_->mutex);
  const std::size_t wanted = rounded(bytes);
  auto& cached = state_->current->cached_scratch;
  Block block;
  if (!cached.empty()) block = state_->reuse(cached, std::prev(cached.end()));
  if (block.bytes < wanted) {
    if (block.memory != nullptr) state_->give_back(block.bytes, block.memory);
    block = state_->obtain(wanted, asker);
  }
  state_->hand_out(block, bytes);
  return block;
}

void CachingAllocator::release_scratch(Block block) noexcept {
  if (block.memory == nullptr) return;
  const std::lock_guard lock(state_->mutex);
  state_->home_of(block).cached_scratch.emplace(block.bytes, block.memory);
}

std::shared_ptr<CachingAllocator::Pool> CachingAllocator::make_pool() { return std::make_shared<Pool>(); }

void CachingAllocator::use_pool(std::shared_ptr<Pool> pool) {
  const std::lock_guard lock(state_->mutex);
  state_->current = pool ? std::move(pool) : state_->common;
}

void CachingAllocator::retire_pool(const std::shared_ptr<Pool>& pool) noexcept {
  const std::lock_guard lock(state_->mutex);
  pool->retired = true;
  state_->common->cached.merge(pool->cached);
  state_->common->cached_scratch.merge(pool->cached_scratch);
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
  static std::mutex mutex;
  static auto& others = *new std::map<int, CachingAllocator>;
  const std::lock_guard lock(mutex);
  const auto found = others.find(device.index);
  if (found != others.end() && device.kind == DeviceKind::cuda) return found->second;
  if (const std::string why = kernels::why_unusable(device); !why.empty()) throw DeviceError(concat(device, ": ", why));
  return others.try_emplace(device.index, device).first->second;
}

}  // namespace sluice
