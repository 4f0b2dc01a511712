// SPDX-License-Identifier: Apache-2.0
#include <sluice/emulator/shared_memory.h>

#include <cstdlib>
#include <cstring>
#include <new>

#include <sluice/emulator/checker.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(memory, bytes) ((void)(memory), (void)(bytes))
#define ASAN_UNPOISON_MEMORY_REGION(memory, bytes) ((void)(memory), (void)(bytes))
#endif

namespace sluice::emulator {

SharedMemory::SharedMemory() : memory_(static_cast<std::byte*>(std::aligned_alloc(1024, kBytes))) {
  if (memory_ == nullptr) throw std::bad_alloc();
}

SharedMemory::~SharedMemory() {
  ASAN_UNPOISON_MEMORY_REGION(memory_, kBytes);
  std::free(memory_);
}

void SharedMemory::begin_block(std::size_t dynamic_bytes) {
  ++block_;
  used_ = static_bytes_ = 0;
  dynamic_bytes_ = dynamic_bytes;
  dynamic_ = nullptr;
  ASAN_POISON_MEMORY_REGION(memory_, kBytes);
}

void* SharedMemory::carve(std::size_t bytes, std::size_t alignment, const char* name) {
  constexpr std::size_t gap = 64;
  const std::size_t begin = (used_ + gap + alignment - 1) / alignment * alignment;
  if (begin + bytes + gap > kBytes) fail("shared memory is over the limit", Location());
  used_ = begin + bytes;
  void* memory = memory_ + begin;
  ASAN_UNPOISON_MEMORY_REGION(memory, bytes);
  std::memset(memory, 0xFF, bytes);
  if (checker != nullptr) checker->shared_variable(memory, bytes, name);
  return memory;
}

void* SharedMemory::variable(int id, std::size_t bytes, std::size_t alignment, const char* name) {
  const auto index = static_cast<std::size_t>(id);
  if (index >= variables_.size()) variables_.resize(index + 1);
  Variable& variable = variables_[index];
  if (variable.block != block_) {
    static_bytes_ += bytes;
    if (static_bytes_ > kMostStatic) fail("static shared memory is over the limit of 48 KiB", Location());
    if (static_bytes_ + dynamic_bytes_ > kMostOfBlock)
      fail("static and dynamic shared memory are over the limit of 227 KiB", Location());
    variable = {carve(bytes, alignment, name), block_};
  }
  return variable.memory;
}

void* SharedMemory::dynamic() {
  if (dynamic_ == nullptr) dynamic_ = carve(dynamic_bytes_, 128, "dynamic shared memory");
  return dynamic_;
}

}  // namespace sluice::emulator
