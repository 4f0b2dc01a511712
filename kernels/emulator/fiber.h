// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
// The only machine-dependent piece.  EMU_FIBER: 0 hand-rolled x86-64, 1 ucontext, 2 boost.context
#ifndef EMU_FIBER
#define EMU_FIBER 0
#endif
#include <sys/mman.h>
#include <cstdint>
#include <cstdlib>
#if EMU_FIBER == 1
#include <ucontext.h>
#elif EMU_FIBER == 2
#include <boost/context/detail/fcontext.hpp>
#endif
#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif
#if defined(EMU_TSAN)
extern "C" {
void* __tsan_get_current_fiber();
void* __tsan_create_fiber(unsigned);
void __tsan_destroy_fiber(void*);
void __tsan_switch_to_fiber(void*, unsigned);
void __tsan_acquire(void*);
void __tsan_release(void*);
}
#endif
namespace emu {
struct Fiber {
  char* stack = nullptr;
  size_t size = 0;
#if EMU_FIBER == 0
  void* sp = nullptr;
#elif EMU_FIBER == 1
  ucontext_t uc;
#else
  boost::context::detail::fcontext_t fc = nullptr;
#endif
#if defined(__SANITIZE_ADDRESS__)
  void* fake = nullptr;
  const void* bottom = nullptr;
  size_t bsize = 0;
#endif
};
void fiber_make(Fiber& f, size_t stack, void (*entry)());  // entry never returns
void fiber_reset(Fiber& f, void (*entry)());
void fiber_switch(Fiber& from, Fiber& to);
void fiber_started();  // first thing entry() calls
}  // namespace emu
