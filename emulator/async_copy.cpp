// SPDX-License-Identifier: Apache-2.0
// cp.async: a thread's copies to shared memory, and the groups that it waits for.
#include <cstring>

#include <sluice/base/error.h>
#include <sluice/emulator/block.h>
#include <sluice/emulator/checker.h>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#endif

namespace sluice::emulator {
namespace {

void move(const AsyncCopy& copy) {
  std::memcpy(copy.to, copy.from, copy.valid);
  std::memset(static_cast<std::byte*>(copy.to) + copy.valid, 0, copy.bytes - copy.valid);
}

bool aligned(const void* pointer, unsigned bytes) { return reinterpret_cast<std::uintptr_t>(pointer) % bytes == 0; }

// What the compiler's own checks can't see, since it is copied here.
void require_addressable([[maybe_unused]] const void* memory, [[maybe_unused]] std::size_t bytes,
                         [[maybe_unused]] const Location& at) {
#ifdef __SANITIZE_ADDRESS__
  if (bytes != 0 && __asan_region_is_poisoned(const_cast<void*>(memory), bytes) != nullptr)
    fail("cp.async out of bounds", at);
#endif
}

}  // namespace

void copy_async(void* shared, const void* global, unsigned bytes, unsigned valid, const Location& at) {
  const OwnAccesses own;
  if (valid > bytes) fail("cp.async reads more than it copies", at);
  if (!aligned(shared, bytes) || !aligned(global, bytes)) fail(concat("misaligned: cp.async of ", bytes, " bytes"), at);
  require_shared(shared, "cp.async", at);
  require_addressable(shared, bytes, at);
  require_addressable(global, valid, at);
  if (checker != nullptr) {
    if (valid != 0) checker->access(global, valid, Access::read, {.location = &at});
    checker->copy_issued(shared, bytes, at);
  }
  self->copies.push_back({shared, global, bytes, valid, self->copy_groups, at});
  if (settings().async_copies == AsyncCopies::eager) move(self->copies.back());
}

void commit_copies() { ++self->copy_groups; }

void wait_for_copies(unsigned newest) {
  const OwnAccesses own;
  Thread& thread = *self;
  if (thread.copy_groups < newest) return;
  const unsigned arrived = thread.copy_groups - newest;
  std::erase_if(thread.copies, [&](const AsyncCopy& copy) {
    if (copy.group >= arrived) return false;
    if (settings().async_copies == AsyncCopies::lazy) move(copy);
    if (checker != nullptr) checker->copy_arrived(copy.to, copy.bytes, copy.at);
    return true;
  });
}

}  // namespace sluice::emulator
