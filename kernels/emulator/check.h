// SPDX-License-Identifier: Apache-2.0
#pragma once
#include <cstddef>
namespace emu {
struct Checker {  // present only in the checked build
  virtual void track(void* p, size_t n, const char* what) = 0;
  virtual void untrack(void* p) = 0;
  virtual void on_launch(const char* kernel) = 0;
  virtual void on_launch_end() = 0;
  virtual void on_block(unsigned b, void* arena, size_t n) = 0;
  virtual void on_shared(void* p, size_t n, const char* name) = 0;
  virtual void on_block_barrier() = 0;
  virtual void on_warp_barrier(unsigned mask) = 0;
  virtual void on_fence() = 0;
  virtual void on_access(const void* p, size_t n, bool write, void* pc, bool atomic = false) = 0;
  virtual void mark_pending(const void* p, size_t n) = 0;
};
extern Checker* checker;
extern bool check_suspended;  // the emulator's own code is running on a kernel's behalf
}  // namespace emu
