// SPDX-License-Identifier: Apache-2.0
#include <sluice/emulator/fiber.h>

#include <sys/mman.h>

#include <new>

#ifdef __SANITIZE_ADDRESS__
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#ifndef SLUICE_EMULATOR_UCONTEXT
extern "C" void sluice_emulator_switch(void** save, void* load);
asm(R"(
.text
.p2align 4
.globl sluice_emulator_switch
.type sluice_emulator_switch,@function
sluice_emulator_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp,(%rdi)
  movq %rsi,%rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
.size sluice_emulator_switch,.-sluice_emulator_switch
)");
#endif

namespace sluice::emulator {
namespace {

Fiber* previous = nullptr;

}  // namespace

Fiber::Fiber(std::size_t bytes, Entry entry) : bytes_(bytes) {
  void* mapped =
      mmap(nullptr, bytes + kGuardBytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (mapped == MAP_FAILED) throw std::bad_alloc();
  mprotect(mapped, kGuardBytes, PROT_NONE);
  stack_ = static_cast<std::byte*>(mapped) + kGuardBytes;
  reset(entry);
}

Fiber::~Fiber() {
  if (stack_ != nullptr) munmap(stack_ - kGuardBytes, bytes_ + kGuardBytes);
}

void Fiber::reset(Entry entry) {
#ifdef __SANITIZE_ADDRESS__
  __asan_unpoison_memory_region(stack_, bytes_);
  fake_stack_ = nullptr;
  known_begin_ = stack_;
  known_bytes_ = bytes_;
#endif
#ifdef SLUICE_EMULATOR_UCONTEXT
  getcontext(&context_);
  context_.uc_stack.ss_sp = stack_;
  context_.uc_stack.ss_size = bytes_;
  context_.uc_link = nullptr;
  makecontext(&context_, entry, 0);
#else
  // Six registers for the switch to pop, the entry for it to return to, and the stack aligned as after a call.
  auto** const top = reinterpret_cast<void**>(stack_ + bytes_) - 2;
  top[0] = reinterpret_cast<void*>(entry);
  top[1] = nullptr;
  for (int i = 1; i <= 6; ++i) top[-i] = nullptr;
  stack_pointer_ = top - 6;
#endif
}

void Fiber::started() {
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(nullptr, &previous->known_begin_, &previous->known_bytes_);
#endif
}

void Fiber::switch_between(Fiber& from, Fiber& to) {
  previous = &from;
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_start_switch_fiber(&from.fake_stack_, to.known_begin_, to.known_bytes_);
#endif
#ifdef SLUICE_EMULATOR_UCONTEXT
  swapcontext(&from.context_, &to.context_);
#else
  sluice_emulator_switch(&from.stack_pointer_, to.stack_pointer_);
#endif
#ifdef __SANITIZE_ADDRESS__
  __sanitizer_finish_switch_fiber(from.fake_stack_, &previous->known_begin_, &previous->known_bytes_);
#endif
}

}  // namespace sluice::emulator
