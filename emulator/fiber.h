// SPDX-License-Identifier: Apache-2.0
// A stack of its own and the switch between stacks: the emulator's only machine-dependent piece. Hand-written for
// x86-64, ucontext elsewhere (about twenty times slower: a system call each switch).
#pragma once

#include <cstddef>

#if !defined(__x86_64__) && !defined(SLUICE_EMULATOR_UCONTEXT)
#define SLUICE_EMULATOR_UCONTEXT
#endif
#ifdef SLUICE_EMULATOR_UCONTEXT
#include <ucontext.h>
#endif

namespace sluice::emulator {

class Fiber {
 public:
  using Entry = void (*)();  // calls started() first and never returns

  // Before a stack; larger than what a frame may skip.
  static constexpr std::size_t kGuardBytes = std::size_t{1} << 20;

  // The stack that the caller runs on.
  Fiber() = default;
  // A stack of `bytes` behind a guard that faults, on which `entry` starts. Throws std::bad_alloc.
  Fiber(std::size_t bytes, Entry entry);
  ~Fiber();
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;

  // Forgets all frames: the next switch to it starts `entry` afresh.
  void reset(Entry entry);
  // Continues `to`; returns when somebody switches back to `from`, which is the running fiber.
  static void switch_between(Fiber& from, Fiber& to);
  static void started();

  const std::byte* stack_begin() const { return stack_; }
  const std::byte* stack_end() const { return stack_ + bytes_; }

 private:
  std::byte* stack_ = nullptr;
  std::size_t bytes_ = 0;
#ifdef SLUICE_EMULATOR_UCONTEXT
  ucontext_t context_;
#else
  void* stack_pointer_ = nullptr;
#endif
#ifdef __SANITIZE_ADDRESS__
  void* fake_stack_ = nullptr;
  const void* known_begin_ = nullptr;
  std::size_t known_bytes_ = 0;
#endif
};

}  // namespace sluice::emulator
