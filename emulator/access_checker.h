// SPDX-License-Identifier: Apache-2.0
// The checked build: kernels are compiled with -fsanitize=thread,alignment, so that the compiler calls a hook at each
// access to memory (hooks.cpp), and this answers instead of the sanitizer's runtime. It finds, whatever the schedule,
// accesses out of bounds, to uninitialised, freed or host memory, and data races by CUDA's rules.
#pragma once

#include <deque>
#include <string>

#include <sluice/emulator/block.h>
#include <sluice/emulator/checker.h>
#include <sluice/emulator/clocks.h>
#include <sluice/emulator/device_memory.h>
#include <sluice/emulator/shadow.h>
#include <sluice/emulator/trace.h>

namespace sluice::emulator {

class AccessChecker final : public Checker {
 public:
  AccessChecker() { checker = this; }

  // An access of the running thread; nothing while the emulator works on its behalf.
  void kernel_access(const void* memory, std::size_t bytes, Access access, const void* address) {
    if (accesses_are_own) return;
    const OwnAccesses own;
    check(memory, bytes, access, Kind::plain, {.address = address});
  }
  void atomic_access(const void* memory, std::size_t bytes, Access access, const void* address);
  void misaligned(const void* memory, const char* type, const char* file, unsigned line);

  void begin_launch(const Launch& launch) override;
  void end_launch() override;
  void begin_block(unsigned linear_index) override;
  void shared_variable(void* memory, std::size_t bytes, const char* name) override;
  void block_barrier(std::span<const unsigned> threads) override { clocks_.barrier_of(threads); }
  void warp_barrier(unsigned mask) override { clocks_.warp_barrier(self->warp, mask); }
  void fence() override { clocks_.fence(self->linear); }
  void release(const void* object) override { clocks_.release(self->linear, object); }
  void acquire(const void* object) override { clocks_.acquire(self->linear, object); }
  void access(const void* memory, std::size_t bytes, Access access, const Place& place) override;
  void copy_issued(const void* shared, std::size_t bytes, const Location& at) override;
  void copy_arrived(const void* shared, std::size_t bytes, const Location& at) override;
  void initialised(Allocation& allocation, const void* memory, std::size_t bytes) override;
  void unspecified(Allocation& allocation) override;

 private:
  enum class Kind : unsigned char { plain, atomic, copy_issue, copy_arrival };
  // A buffer or a shared variable.
  struct Region {
    const std::byte* begin = nullptr;
    std::size_t bytes = 0;
    Shadow* shadow = nullptr;
  };
  struct SharedVariable {
    Region region;
    const char* name;
    std::unique_ptr<Shadow> shadow;
  };
  struct Conflict {
    Epoch epoch;
    std::uint32_t place;
    Access access;
  };

  void check(const void* memory, std::size_t bytes, Access access, Kind kind, const Place& place);
  void check_cell(Cell& cell, const Region& region, const void* memory, std::size_t bytes, Access access, Kind kind,
                  const Place& place);
  Region find_region(const std::byte* memory);
  bool is_private(const std::byte* memory, Access access) const;

  [[noreturn]] void report(const std::string& what, const Place& place);
  [[noreturn]] void report_out_of_bounds(const void* memory, std::size_t bytes, Access access, const Place& place);
  [[noreturn]] void report_race(const Conflict& conflict, const void* memory, std::size_t bytes, Access access,
                                const Place& place);
  std::string name_of_memory(const void* memory) const;
  std::string name_of_thread(Epoch epoch) const;

  Clocks clocks_;
  Trace trace_;
  const Launch* launch_ = nullptr;
  std::vector<unsigned> blocks_;  // linear index by the order of running
  std::deque<SharedVariable> shared_;
  std::size_t shared_count_ = 0;  // of `shared_` in this block
  Region last_;
};

}  // namespace sluice::emulator
