// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/runtime/memory.h>

#include <sys/mman.h>
#include <sys/sysinfo.h>

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include <sluice/base/error.h>
#include <sluice/kernels/cuda/memory.h>

namespace sluice::kernels {
namespace {

bool on_cpu(Device device) { return device.kind == DeviceKind::cpu; }

// A multiple of the page size of every system.
constexpr std::size_t kPage = std::size_t{64} << 10;
constexpr std::size_t kHugePage = std::size_t{2} << 20;

std::size_t whole_pages(std::size_t bytes) { return (bytes + kPage - 1) / kPage * kPage; }

// Large blocks are mapped one by one, so that a freed one goes back to the system; malloc would keep many of them. They
// begin at a huge page, for fewer and larger pages.
void* map(std::size_t bytes) {
  const std::size_t size = whole_pages(bytes);
  const std::size_t with_slack = size + kHugePage;
  void* mapped = mmap(nullptr, with_slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (mapped == MAP_FAILED) return nullptr;
  auto* const begin = static_cast<std::byte*>(mapped);
  const std::size_t head = (kHugePage - reinterpret_cast<std::uintptr_t>(begin) % kHugePage) % kHugePage;
  if (head != 0) munmap(begin, head);
  munmap(begin + head + size, with_slack - head - size);
  madvise(begin + head, size, MADV_HUGEPAGE);
  return begin + head;
}

template <class T>
void fill_words(void* memory, std::int64_t count, std::uint64_t pattern) {
  std::fill_n(static_cast<T*>(memory), count, static_cast<T>(pattern));
}

}  // namespace

void* raw_allocate(Device device, std::size_t bytes) {
  if (!on_cpu(device)) return cuda::raw_allocate(device, bytes);
  if (bytes >= kHugePage) return map(bytes);
  void* memory = nullptr;
  return posix_memalign(&memory, kAlignment, bytes) == 0 ? memory : nullptr;
}

void raw_free(Device device, void* memory, std::size_t bytes) noexcept {
  if (!on_cpu(device))
    cuda::raw_free(memory);
  else if (bytes >= kHugePage)
    munmap(memory, whole_pages(bytes));
  else
    std::free(memory);
}

MemoryInfo memory_info(Device device) {
  if (!on_cpu(device)) return cuda::memory_info(device);
  struct sysinfo info {};
  if (sysinfo(&info) != 0) return {};
  return {.free = std::size_t{info.freeram} * info.mem_unit, .total = std::size_t{info.totalram} * info.mem_unit};
}

void note_reuse(const Exec& exec, void* memory, std::size_t bytes) {
  if (!on_cpu(exec.device)) return cuda::note_reuse(exec, memory, bytes);
}

void copy_bytes(const Exec& exec, Device to_device, void* to, Device from_device, const void* from, std::size_t bytes) {
  if (bytes == 0) return;
  if (!on_cpu(to_device) || !on_cpu(from_device))
    return cuda::copy_bytes(exec, to_device, to, from_device, from, bytes);
  std::memcpy(to, from, bytes);
}

void fill_zero(const Exec& exec, void* memory, std::size_t bytes) {
  if (bytes == 0) return;
  if (!on_cpu(exec.device)) return cuda::fill_zero(exec, memory, bytes);
  std::memset(memory, 0, bytes);
}

void fill(const Exec& exec, void* memory, std::int64_t count, std::size_t element_bytes, std::uint64_t pattern) {
  if (count == 0) return;
  if (!on_cpu(exec.device)) return cuda::fill(exec, memory, count, element_bytes, pattern);
  switch (element_bytes) {
    case 1: return fill_words<std::uint8_t>(memory, count, pattern);
    case 2: return fill_words<std::uint16_t>(memory, count, pattern);
    case 4: return fill_words<std::uint32_t>(memory, count, pattern);
    default: return fill_words<std::uint64_t>(memory, count, pattern);
  }
}

}  // namespace sluice::kernels
