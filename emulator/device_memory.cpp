// SPDX-License-Identifier: Apache-2.0
#include <sluice/emulator/device_memory.h>

#include <sys/mman.h>

#include <cstring>
#include <new>

#include <sluice/base/error.h>
#include <sluice/emulator/settings.h>
#include <sluice/emulator/shadow.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

namespace sluice::emulator {
namespace {

void* reserve(std::size_t bytes, int protection) {
  void* mapped = mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  return mapped;
}

}  // namespace

Allocation::Allocation() = default;
Allocation::~Allocation() = default;

DeviceMemory::DeviceMemory()
    : base_(static_cast<std::byte*>(reserve(kBytes, PROT_NONE))),
      pages_(static_cast<Allocation**>(reserve(kBytes / kPage * sizeof(Allocation*), PROT_READ | PROT_WRITE))) {}

DeviceMemory::~DeviceMemory() {
  for (std::size_t page = 0; page < next_ / kPage; ++page)
    if (pages_[page] != nullptr && pages_[page + 1] != pages_[page]) delete pages_[page];
  munmap(base_, kBytes);
  munmap(pages_, kBytes / kPage * sizeof(Allocation*));
}

void* DeviceMemory::allocate(std::size_t bytes, MemoryKind kind) {
  const std::size_t pages = (bytes + kPage - 1) / kPage;
  if (kind == MemoryKind::device && bytes > settings().memory_bytes - std::min(used_bytes_, settings().memory_bytes))
    return nullptr;
  if (next_ + (pages + 1) * kPage > kBytes) return nullptr;
  std::byte* begin = base_ + next_;
  if (mprotect(begin, pages * kPage, PROT_READ | PROT_WRITE) != 0) return nullptr;
  std::memset(begin, 0xFF, bytes);
#ifdef __SANITIZE_ADDRESS__
  __asan_poison_memory_region(begin + bytes, pages * kPage - bytes);
#endif
  auto* allocation = new Allocation;
  allocation->begin = begin;
  allocation->bytes = allocation->usable_bytes = bytes;
  allocation->kind = kind;
  for (std::size_t page = 0; page < pages; ++page) pages_[next_ / kPage + page] = allocation;
  next_ += (pages + 1) * kPage;
  if (kind == MemoryKind::device) used_bytes_ += bytes;
  return begin;
}

bool DeviceMemory::free(void* memory) {
  Allocation* allocation = find(memory);
  if (allocation == nullptr || allocation->freed || allocation->begin != memory) return false;
  const std::size_t pages = (allocation->bytes + kPage - 1) / kPage;
#ifdef __SANITIZE_ADDRESS__
  __asan_unpoison_memory_region(memory, pages * kPage);
#endif
  madvise(memory, pages * kPage, MADV_DONTNEED);
  mprotect(memory, pages * kPage, PROT_NONE);
  allocation->freed = true;
  allocation->shadow.reset();
  if (allocation->kind == MemoryKind::device) used_bytes_ -= allocation->bytes;
  return true;
}

Allocation* DeviceMemory::holding(const void* address, std::size_t bytes) const {
  Allocation* allocation = find(address);
  if (allocation == nullptr || allocation->freed) return nullptr;
  const auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(address) - allocation->begin);
  return offset <= allocation->bytes && bytes <= allocation->bytes - offset ? allocation : nullptr;
}

const Allocation* DeviceMemory::nearest(const void* address) const {
  const auto offset = static_cast<std::size_t>(static_cast<const std::byte*>(address) - base_);
  if (offset >= kBytes) return nullptr;
  constexpr std::size_t far = 16;  // pages
  for (std::size_t page = offset / kPage, step = 0; step < far && page > 0; --page, ++step)
    if (pages_[page] != nullptr) return pages_[page];
  return nullptr;
}

DeviceMemory& device_memory() {
  // Never destroyed: tensors of static life may outlive any order of destruction.
  static auto& memory = *new DeviceMemory;
  return memory;
}

std::string describe(const void* address) {
  const Allocation* allocation = device_memory().nearest(address);
  if (allocation == nullptr) return address == nullptr ? "a null pointer" : "an address of the host";
  return concat(static_cast<const std::byte*>(address) - allocation->begin, " bytes into a ",
                allocation->kind == MemoryKind::device ? "device" : "pinned host", " buffer of ",
                allocation->usable_bytes, " bytes", allocation->freed ? " that was freed" : "");
}

}  // namespace sluice::emulator
