// SPDX-License-Identifier: Apache-2.0
// A block of threads while it runs: its fibers, its warps' and its own barriers, its shared memory.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <sluice/emulator/emulator.h>
#include <sluice/emulator/fiber.h>
#include <sluice/emulator/schedule.h>
#include <sluice/emulator/shared_memory.h>

namespace sluice::emulator {

inline constexpr unsigned kWarp = 32;

struct AsyncCopy {
  void* to;
  const void* from;
  unsigned bytes, valid, group;
  Location at;
};

struct Thread {
  Extents index;
  unsigned linear = 0, lane = 0, warp = 0;
  Fiber* fiber = nullptr;
  bool done = false;
  const char* waits_in = nullptr;
  Location waits_at;
  std::vector<AsyncCopy> copies;  // not waited for
  unsigned copy_groups = 0;       // committed
};

class Block {
 public:
  // Runs one block of a launch to its end. Throws Failure.
  void run(const Launch& launch, unsigned linear_index);

  void warp_collective(unsigned mask, void* argument, CollectiveFunction function, const char* name,
                       const Location& at);
  void block_collective(int barrier, unsigned count, void* argument, CollectiveFunction function, const char* name,
                        const Location& at);
  void wait_until(bool (*predicate)(void*), void* argument, const char* name, const Location& at);
  // Ends the launch from within the running thread.
  [[noreturn]] void abandon(std::string failure);

  SharedMemory& shared_memory() { return shared_memory_; }
  Schedule& schedule() { return schedule_; }
  const Thread& thread(unsigned linear) const { return *threads_[linear]; }
  unsigned threads() const { return count_; }

 private:
  // Threads on their way to meet.
  struct Meeting {
    unsigned mask = 0, arrived = 0;
    CollectiveFunction function = nullptr;
    const char* name = nullptr;
    Location at;
    void* arguments[kWarp] = {};
  };
  struct Warp {
    std::vector<Meeting> meetings;
    unsigned exited = 0;
  };
  struct Barrier {
    unsigned count = 0;
    CollectiveFunction function = nullptr;
    const char* name = nullptr;
    Location at;
    std::vector<void*> arguments;
    std::vector<unsigned> threads;
  };

  void begin(const Launch& launch, unsigned linear_index);
  Meeting& meeting(Warp& warp, unsigned mask, CollectiveFunction function, const char* name, const Location& at);
  void wait_here(const char* name, const Location& at);
  void yield_sometimes();
  void exit_thread();
  enum class Leaving { waits, has_ended };
  void continue_another(Fiber& from, Leaving leaving, int next);
  void become(Thread& thread);
  void deadlock();
  void leave(Fiber& from);
  static void fiber_main();
  Fiber& new_fiber();

  const Launch* launch_ = nullptr;
  std::vector<std::unique_ptr<Thread>> threads_;
  std::vector<Warp> warps_;
  Barrier barriers_[16];
  unsigned count_ = 0, done_ = 0;
  std::uint64_t polls_ = 0;  // of wait_until since something last happened
  std::string failure_;
  Schedule schedule_;
  SharedMemory shared_memory_;
  Fiber caller_;
  std::vector<std::unique_ptr<Fiber>> fibers_;
  std::vector<Fiber*> idle_fibers_;
};

extern Thread* self;  // the running thread of a kernel, or nullptr
extern Block* block;  // its block

std::string name_of(const Thread& thread);
// "conv2d.cu:31".
std::string text(const Location& at);

}  // namespace sluice::emulator
