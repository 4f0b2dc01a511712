// SPDX-License-Identifier: Apache-2.0
// What the checked build hears from the emulator besides each access of a kernel.
#pragma once

#include <cstddef>
#include <span>

#include <sluice/emulator/emulator.h>

namespace sluice::emulator {

struct Allocation;

// Where in the source something happened: by an address in the program, or known already.
struct Place {
  const void* address = nullptr;
  const Location* location = nullptr;
};

class Checker {
 public:
  virtual void begin_launch(const Launch& launch) = 0;
  virtual void end_launch() = 0;
  virtual void begin_block(unsigned linear_index) = 0;
  virtual void shared_variable(void* memory, std::size_t bytes, const char* name) = 0;

  virtual void block_barrier(std::span<const unsigned> threads) = 0;
  virtual void warp_barrier(unsigned mask) = 0;
  virtual void fence() = 0;
  virtual void release(const void* object) = 0;
  virtual void acquire(const void* object) = 0;

  virtual void access(const void* memory, std::size_t bytes, Access access, const Place& place) = 0;
  // A cp.async that writes there was issued, or waited for.
  virtual void copy_issued(const void* shared, std::size_t bytes, const Location& at) = 0;
  virtual void copy_arrived(const void* shared, std::size_t bytes, const Location& at) = 0;

  // What the host does to device memory.
  virtual void initialised(Allocation& allocation, const void* memory, std::size_t bytes) = 0;
  virtual void unspecified(Allocation& allocation) = 0;

 protected:
  ~Checker() = default;
};

extern Checker* checker;  // nullptr in the plain build
// Whether what is touched is the emulator's or the host's own affair; false only while a kernel's code runs. The
// emulator's code must say so from its entry on: the linker may take an instrumented copy of an inline function of the
// standard library for it.
extern bool accesses_are_own;

class OwnAccesses {
 public:
  OwnAccesses() : before_(accesses_are_own) { accesses_are_own = true; }
  ~OwnAccesses() { accesses_are_own = before_; }
  OwnAccesses(const OwnAccesses&) = delete;
  OwnAccesses& operator=(const OwnAccesses&) = delete;

 private:
  bool before_;
};

}  // namespace sluice::emulator
