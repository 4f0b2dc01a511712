// SPDX-License-Identifier: Apache-2.0
// CUDA execution model on the host, functionally.  One OS thread, one block at a time, one fiber per CUDA thread.
// Two primitives carry everything: collective(group, arg, fn) and wait_until(pred).
#pragma once
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <source_location>
#include <stdexcept>
#include <string>

namespace emu {
using Loc = std::source_location;
struct Dim {
  unsigned x = 1, y = 1, z = 1;
  unsigned count() const { return x * y * z; }
};
struct Error : std::runtime_error {
  using runtime_error::runtime_error;
};

enum class Order {
  forward,
  reverse,
  random,
  greedy
};                                 // greedy: lowest ready thread first, so warp 0 runs as far ahead as it may
enum class Async { lazy, eager };  // when a cp.async copy really happens: at the wait, or at issue
struct Config {
  Order order = Order::forward;
  uint64_t seed = 1;
  Async async = Async::lazy;
  bool strict = true;  // thread exit before a barrier others use, textually different barriers
  size_t stack = 64 << 10;
  size_t max_static = 48 << 10, max_dynamic = 227 << 10;
};
extern Config config;
struct Stats {
  uint64_t launches, blocks, threads, switches, collectives;
};
extern Stats stats;

struct AsyncCopy {
  void* dst;
  const void* src;
  unsigned bytes, zero;
  unsigned group;
};
struct Thread {  // what a kernel can see of itself
  Dim tid;
  unsigned lane = 0, warp = 0, index = 0;
  unsigned groups = 0;  // cp.async groups committed
};
extern Thread* self;                                  // null outside a kernel
extern Dim grid_dim, block_dim, block_id, thread_id;  // what the built-in variables read
extern unsigned thread_lane;

[[noreturn]] void fail(const char* what, const Loc& at,
                       const char* more = "");                   // for headers: nothing inline to be instrumented
[[noreturn]] void fail(const std::string& what, const Loc& at);  // ends the launch; launch() throws Error

// The last of the group's threads to arrive runs fn(args[0..n)), args by rank in the group; then all go on.
using Fn = void (*)(void** args);
void warp_collective(unsigned mask, void* arg, Fn fn, const char* what, const Loc& at);
void block_collective(int barrier, unsigned count, void* arg, Fn fn, const char* what, const Loc& at);
void wait_until(bool (*pred)(void*), void* arg, const char* what, const Loc& at);
void fence();
void warp_sync_point(unsigned mask);

void* shared_var(int id, size_t bytes, size_t align, const char* name);
void* shared_dynamic();
unsigned shared_offset(const void* p, const Loc& at);  // the 32-bit .shared address; fails when p is no shared memory
int new_shared_id();
template <class T, class Tag>
T& shared(const char* name, Tag) {
  static const int id = new_shared_id();  // one per macro use and template instance
  return *static_cast<T*>(shared_var(id, sizeof(T), alignof(T) < 16 ? 16 : alignof(T), name));
}

void cp_async(void* dst, const void* src, unsigned bytes, unsigned src_bytes, const Loc& at);
void cp_async_commit();
void cp_async_wait(unsigned newest_left);

void run(Dim grid, Dim block, size_t dyn_smem, const char* name, void (*entry)(void*), void* arg);

// what the checked build (compiler-inserted access hooks) adds; no-ops otherwise
void access(const void* p, size_t n, bool write);  // an access made by an emulated instruction
void track_global(void* p, size_t n, const char* what);
void untrack_global(void* p);
}  // namespace emu

namespace sluice::emulator {
using Location = emu::Loc;
using CollectiveFunction = emu::Fn;
using emu::fail;
using emu::thread_lane;
using emu::warp_collective;
enum class Access { read, write };
inline void require_shared(const void* pointer, const char*, const Location& at) { emu::shared_offset(pointer, at); }
inline void note_access(const void* pointer, std::size_t bytes, Access access, const Location&) {
  emu::access(pointer, bytes, access == Access::write);
}
inline void copy_async(void* to, const void* from, unsigned bytes, unsigned valid, const Location& at) {
  emu::cp_async(to, from, bytes, valid, at);
}
inline void commit_copies() { emu::cp_async_commit(); }
inline void wait_for_copies(unsigned newest) { emu::cp_async_wait(newest); }
}  // namespace sluice::emulator
