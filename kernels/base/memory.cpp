// SPDX-License-Identifier: Apache-2.0
#include "kernels/base/memory.h"

#include <sys/mman.h>

#include <cstdlib>
#include <cstring>

#include "kernels/base/error.h"

namespace sluice::kernels {
namespace {

void expect_cpu(Device device) {
  if (device.kind != DeviceKind::cpu) throw DeviceError(concat("this build of Sluice has no device ", device));
}

}  // namespace

void* raw_allocate(Device device, std::size_t bytes) {
  expect_cpu(device);
  constexpr std::size_t huge_page = std::size_t{2} << 20;
  const std::size_t alignment = bytes >= huge_page ? huge_page : kAlignment;
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, bytes) != 0) return nullptr;
  // Large blocks live as long as the process: fewer and larger pages are worth the request.
  if (bytes >= huge_page) madvise(memory, bytes, MADV_HUGEPAGE);
  return memory;
}

void raw_free(Device, void* memory, std::size_t) noexcept { std::free(memory); }

void copy_bytes(const Exec&, Device to_device, void* to, Device from_device, const void* from, std::size_t bytes) {
  expect_cpu(to_device);
  expect_cpu(from_device);
  if (bytes != 0) std::memcpy(to, from, bytes);
}

void fill_zero(const Exec& exec, void* memory, std::size_t bytes) {
  expect_cpu(exec.device);
  if (bytes != 0) std::memset(memory, 0, bytes);
}

}  // namespace sluice::kernels
