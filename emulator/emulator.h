// SPDX-License-Identifier: Apache-2.0
// CUDA's execution model on the host, functionally: one block at a time, one fiber a thread, all on the calling OS
// thread, so that a run is the same each time. This is what the device language (device_host.h) and the emulated
// instructions are made of. Two primitives carry them all: a collective and wait_until.
#pragma once

#include <cstddef>
#include <cstdint>
#include <source_location>
#include <stdexcept>
#include <string>
#include <vector>

// For the emulator's own code in a kernel's translation unit: its accesses are not the kernel's.
#define UNCHECKED __attribute__((no_sanitize("thread")))

namespace sluice::emulator {

using Location = std::source_location;

struct Extents {
  unsigned x = 1, y = 1, z = 1;

  std::uint64_t count() const { return std::uint64_t{x} * y * z; }
};

// A kernel that did what it must not do: kernel, what, thread, block, place.
struct Failure : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// What the built-in variables read; the thread's own are set at each switch.
struct BuiltIns {
  Extents thread, block, block_extents, grid_extents;
  unsigned lane = 0;
};
extern BuiltIns built_ins;

// Ends the launch with a Failure; called by a thread of the kernel, or with none running.
[[noreturn]] void fail(const std::string& what, const Location& at);
[[noreturn]] void fail(const char* what, const Location& at);

// The last of the group's threads to arrive runs function(arguments), an argument for each thread by its place in the
// group (lane; order of arrival), with nullptr for lanes out of the mask; then all go on. Fails where the threads of a
// group do not meet at one place: lanes out of the mask, exited threads, another function, another line.
using CollectiveFunction = void (*)(void** arguments);
// With no function it is a barrier (__syncwarp) and orders the lanes' memory accesses.
void warp_collective(unsigned mask, void* argument, CollectiveFunction function, const char* name, const Location& at);
// Barrier 0..15 of the block for `count` of its threads; 0: for all. Orders their memory accesses.
void block_collective(int barrier, unsigned count, void* argument, CollectiveFunction function, const char* name,
                      const Location& at);
// Lets others go on until predicate(argument) holds. Fails where it never will.
void wait_until(bool (*predicate)(void*), void* argument, const char* name, const Location& at);

// What else orders memory: __threadfence with an atomic access behind or before it; release and acquire of an object
// such as an mbarrier.
void fence();
void release(const void* object);
void acquire(const void* object);

// A block's static shared variable `id`, or its dynamic shared memory.
void* shared_variable(int id, std::size_t bytes, std::size_t alignment, const char* name);
void* dynamic_shared_memory();
int new_shared_variable();
template <class T, class PlaceInSource>
UNCHECKED T& shared(const char* name, PlaceInSource) {
  static const int id = new_shared_variable();
  return *static_cast<T*>(shared_variable(id, sizeof(T), alignof(T) < 16 ? 16 : alignof(T), name));
}
void require_shared(const void* pointer, const char* instruction, const Location& at);

// An access that an emulated instruction makes for the thread.
enum class Access : unsigned char { read, write };
void note_access(const void* pointer, std::size_t bytes, Access access, const Location& at);

// cp.async and its groups.
void copy_async(void* shared, const void* global, unsigned bytes, unsigned valid, const Location& at);
void commit_copies();
void wait_for_copies(unsigned newest);

struct Launch {
  const char* kernel = "";
  const void* function = nullptr;  // in the program
  Extents grid, block;
  std::size_t dynamic_shared_bytes = 0;
  void (*entry)(void*) = nullptr;  // runs the kernel for one thread
  void* argument = nullptr;        // holds the kernel's parameters, which it may read
  std::size_t argument_bytes = 0;
  std::vector<const void*> pointers;  // the kernel's parameters in order; nullptr for what is no pointer
};

// Why this can't be launched, or "".
std::string broken_limit(Extents grid, Extents block, std::size_t dynamic_shared_bytes);
// Runs all blocks, one after another. Throws Failure.
void run(const Launch& launch);

}  // namespace sluice::emulator
