// SPDX-License-Identifier: Apache-2.0
#include "kernels/emulator/fiber.h"
namespace emu {
static Fiber* g_from;
#if EMU_FIBER == 0
extern "C" void emu_switch(void** save, void* load);
asm(R"(
.text
.p2align 4
.globl emu_switch
.type emu_switch,@function
emu_switch:
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
.size emu_switch,.-emu_switch
)");
#endif
#if EMU_FIBER == 2
using namespace boost::context::detail;
static void (*g_entry)();
static void tramp(transfer_t t) {
  g_from->fc = t.fctx;
  g_entry();
}
#endif
void fiber_reset(Fiber& f, void (*entry)()) {
#if defined(__SANITIZE_ADDRESS__)
  __asan_unpoison_memory_region(f.stack, f.size);
  f.fake = nullptr;
  f.bottom = f.stack;
  f.bsize = f.size;
#endif
#if EMU_FIBER == 0
  auto** p = reinterpret_cast<void**>(f.stack + f.size) - 2;  // entry sees rsp % 16 == 8, as after a call
  p[0] = reinterpret_cast<void*>(entry);
  p[1] = nullptr;
  for (int i = 1; i <= 6; ++i) p[-i] = nullptr;
  f.sp = p - 6;
#elif EMU_FIBER == 1
  getcontext(&f.uc);
  f.uc.uc_stack.ss_sp = f.stack;
  f.uc.uc_stack.ss_size = f.size;
  f.uc.uc_link = nullptr;
  makecontext(&f.uc, entry, 0);
#else
  g_entry = entry;
  f.fc = make_fcontext(f.stack + f.size, f.size, tramp);
#endif
}
void fiber_make(Fiber& f, size_t n, void (*entry)()) {
  const size_t page = 4096;
  char* p = static_cast<char*>(
      mmap(nullptr, n + page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
  if (p == MAP_FAILED) abort();
  mprotect(p, page, PROT_NONE);  // a kernel's stack overflow faults instead of corrupting
  f.stack = p + page;
  f.size = n;
  fiber_reset(f, entry);
}
void fiber_started() {
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(nullptr, &g_from->bottom, &g_from->bsize);
#endif
}
void fiber_switch(Fiber& from, Fiber& to) {
  g_from = &from;
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_start_switch_fiber(&from.fake, to.bottom, to.bsize);
#endif
#if EMU_FIBER == 0
  emu_switch(&from.sp, to.sp);
#elif EMU_FIBER == 1
  swapcontext(&from.uc, &to.uc);
#else
  transfer_t t = jump_fcontext(to.fc, nullptr);
  g_from->fc = t.fctx;
#endif
#if defined(__SANITIZE_ADDRESS__)
  __sanitizer_finish_switch_fiber(from.fake, &g_from->bottom, &g_from->bsize);
#endif
}
}  // namespace emu
