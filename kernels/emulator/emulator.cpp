// SPDX-License-Identifier: Apache-2.0
#include "kernels/emulator/emulator.h"
#include <algorithm>
#include <cstdio>
#include <memory>
#include <vector>
#include "kernels/emulator/check.h"
#include "kernels/emulator/fiber.h"
#if defined(EMU_TSAN)
extern "C" void AnnotateNewMemory(const char*, int, const volatile void*, size_t);
#endif
namespace emu {
Config config;
Stats stats{};
Thread* self = nullptr;
Dim grid_dim, block_dim, block_id, thread_id;
unsigned thread_lane;
Checker* checker = nullptr;
bool check_suspended = false;
namespace {
constexpr size_t kArena = 512 << 10, kRedzone = 64;

struct Cuda : Thread {
  Fiber* fiber = nullptr;
  bool done = false;
  const char* waits = nullptr;
  Loc at;
  std::vector<AsyncCopy> copies;
  void* tsan = nullptr;
};
struct Pending {
  unsigned mask, arrived;
  Fn fn;
  const char* what;
  Loc at;
  void* args[32];
};
struct Warp {
  std::vector<Pending> pending;
  unsigned exited = 0;
};
struct Barrier {
  unsigned arrived = 0, count = 0;
  Fn fn;
  const char* what;
  Loc at;
  std::vector<void*> args;
  std::vector<unsigned> who;
};

std::vector<std::unique_ptr<Cuda>> threads;
std::vector<Warp> warps;
Barrier barriers[16];
std::vector<uint64_t> ready;
std::vector<Fiber*> pool, all_fibers;
Fiber main_fiber;
unsigned n_threads, n_done, cursor;
uint64_t polls, rng;
void (*kernel)(void*);
void* kernel_arg;
const char* kernel_name = "";
std::string error;
bool failed;
char* arena;
size_t arena_used, dyn_bytes, static_used;
void* dyn_ptr;
struct Var {
  void* p;
  uint64_t block;
};
std::vector<Var> vars;
uint64_t block_serial;
int next_var = 0;
#if defined(EMU_TSAN)
void* main_tsan;
char tsan_launch;
#endif
Cuda& me() { return *static_cast<Cuda*>(self); }
uint64_t random64() {
  rng ^= rng << 13;
  rng ^= rng >> 7;
  rng ^= rng << 17;
  return rng;
}
void set_ready(unsigned i) { ready[i >> 6] |= 1ull << (i & 63); }
void clear_ready(unsigned i) { ready[i >> 6] &= ~(1ull << (i & 63)); }
int next_up(unsigned from) {
  const unsigned n = ready.size();
  unsigned w = from >> 6;
  uint64_t b = ready[w] & (~0ull << (from & 63));
  for (unsigned k = 0; k <= n; ++k) {
    if (b) return w * 64 + __builtin_ctzll(b);
    w = w + 1 == n ? 0 : w + 1;
    b = ready[w];
  }
  return -1;
}
int next_down(unsigned from) {
  const unsigned n = ready.size();
  unsigned w = from >> 6;
  uint64_t b = ready[w] & (~0ull >> (63 - (from & 63)));
  for (unsigned k = 0; k <= n; ++k) {
    if (b) return w * 64 + 63 - __builtin_clzll(b);
    w = w == 0 ? n - 1 : w - 1;
    b = ready[w];
  }
  return -1;
}
int pick(bool fair = false) {
  if (fair && config.order == Order::greedy) return next_up(cursor + 1 >= n_threads ? 0 : cursor + 1);
  switch (config.order) {
    case Order::forward: return next_up(cursor + 1 >= n_threads ? 0 : cursor + 1);
    case Order::greedy: return next_up(0);
    case Order::reverse: return next_down(cursor == 0 ? n_threads - 1 : cursor - 1);
    default: return next_up(random64() % n_threads);
  }
}
void fiber_main();
Fiber* new_fiber() {
  if (!pool.empty()) {
    Fiber* f = pool.back();
    pool.pop_back();
    return f;
  }
  auto* f = new Fiber;
  fiber_make(*f, config.stack, fiber_main);
  all_fibers.push_back(f);
  return f;
}
void leave(Fiber& from) {  // back to run()
  self = nullptr;
  ++stats.switches;
#if defined(EMU_TSAN)
  __tsan_switch_to_fiber(main_tsan, 1);
#endif
  fiber_switch(from, main_fiber);
}
std::string name_of(const Thread& t) {
  char s[128];
  snprintf(s, sizeof s, "thread (%u,%u,%u) of block (%u,%u,%u)", t.tid.x, t.tid.y, t.tid.z, block_id.x, block_id.y,
           block_id.z);
  return s;
}
std::string where(const Loc& at) {
  const char* f = strrchr(at.file_name(), '/');
  return std::string(f ? f + 1 : at.file_name()) + ":" + std::to_string(at.line());
}
void deadlock(Fiber& from) {
  error = std::string(kernel_name) + ": deadlock:";
  int shown = 0;
  for (unsigned i = 0; i < n_threads && shown < 4; ++i)
    if (!threads[i]->done) {
      ++shown;
      error += " " + name_of(*threads[i]) + " waits in " + (threads[i]->waits ? threads[i]->waits : "?") + " at " +
               where(threads[i]->at) + ";";
    }
  failed = true;
  leave(from);
}
void go_next(Fiber* from, bool release, bool fair = false) {  // leave the current thread; continue another
  int i = pick(fair);
  if (release && n_done == n_threads) {
    pool.push_back(from);
    leave(*from);
    return;
  }
  if (i < 0) {
    deadlock(*from);
    return;
  }
  cursor = i;
  Cuda& t = *threads[i];
  self = &t;
  thread_id = t.tid;
  thread_lane = t.lane;
#if defined(EMU_TSAN)
  if (!t.tsan) t.tsan = __tsan_create_fiber(0);
  __tsan_switch_to_fiber(t.tsan, 1);
#endif
  if (!t.fiber) {
    if (release) {
      t.fiber = from;
      return;
    }
    t.fiber = new_fiber();
  } else if (release)
    pool.push_back(from);
  if (t.fiber != from) {
    ++stats.switches;
    fiber_switch(*from, *t.fiber);
  }
}
void block_here(const char* what, const Loc& at) {
  Cuda& t = me();
  t.waits = what;
  t.at = at;
  clear_ready(t.index);
  go_next(t.fiber, false);
}
void maybe_yield() {
  if (config.order == Order::random) go_next(me().fiber, false);
}

void finish_barrier(Barrier& b) {
  check_suspended = true;
  if (b.fn) b.fn(b.args.data());
  check_suspended = false;
  for (unsigned i : b.who) set_ready(i);
  b.arrived = 0;
  b.who.clear();
  b.args.clear();
  polls = 0;
  ++stats.collectives;
  if (checker) checker->on_block_barrier();
}
void thread_exit() {
  Cuda& t = me();
  t.done = true;
  ++n_done;
  polls = 0;
  clear_ready(t.index);
  Warp& w = warps[t.warp];
  w.exited |= 1u << t.lane;
  if (!t.copies.empty() && config.strict) fail("thread exits with cp.async copies never waited for", t.at);
  if (config.strict) {
    for (auto& p : w.pending)
      if (p.mask >> t.lane & 1) fail(std::string("thread exits while its warp waits for it in ") + p.what, p.at);
    if (barriers[0].arrived)
      fail(std::string("thread exits while others of its block wait in ") + barriers[0].what, barriers[0].at);
  } else if (barriers[0].arrived && barriers[0].arrived == n_threads - n_done)
    finish_barrier(barriers[0]);
}
void fiber_main() {
  fiber_started();
  for (;;) {
#if defined(EMU_TSAN)
    __tsan_acquire(&tsan_launch);
#endif
    kernel(kernel_arg);
#if defined(EMU_TSAN)
    __tsan_release(&tsan_launch);
#endif
    Fiber* f = me().fiber;
    thread_exit();
    go_next(f, true);
  }
}
}  // namespace

void fail(const std::string& what, const Loc& at) {
  check_suspended = true;
  error = std::string(kernel_name) + ": " + (self ? name_of(*self) : std::string("launch")) + ": " + what +
          (at.line() ? " at " + where(at) : "");
  failed = true;
  if (!self) throw Error(error);
  leave(*me().fiber);
  __builtin_unreachable();
}

void fail(const char* what, const Loc& at, const char* more) { fail(std::string(what) + more, at); }

void warp_collective(unsigned mask, void* arg, Fn fn, const char* what, const Loc& at) {
  Cuda& t = me();
  Warp& w = warps[t.warp];
  if (!(mask >> t.lane & 1)) fail(std::string(what) + ": the calling lane is not in its own mask", at);
  const unsigned first = t.warp * 32, lanes = std::min(32u, n_threads - first);
  unsigned present = lanes == 32 ? ~0u : (1u << lanes) - 1;
  if (config.strict && (mask & ~present))
    fail(std::string(what) + ": the mask names lanes this warp does not have", at);
  if (config.strict && (mask & w.exited)) fail(std::string(what) + ": the mask names a lane that has exited", at);
  const unsigned need = mask & present & ~w.exited;
  Pending* p = nullptr;
  for (auto& q : w.pending) {
    if (q.mask == mask) {
      p = &q;
      continue;
    }
    if (q.mask & mask) fail(std::string(what) + ": mask overlaps that of a collective the warp already waits in", at);
  }
  if (!p) {
    w.pending.push_back({mask, 0, fn, what, at, {}});
    p = &w.pending.back();
  }
  if (p->fn != fn || p->what != what)
    fail(std::string("lanes diverge: ") + what + " meets " + p->what + " (" + where(p->at) + ")", at);
  if (config.strict &&
      (p->at.line() != at.line() || p->at.column() != at.column() || p->at.file_name() != at.file_name()))
    fail(std::string("lanes diverge: ") + what + " meets the same at " + where(p->at), at);
  p->arrived |= 1u << t.lane;
  p->args[t.lane] = arg;
  if (p->arrived != need) {
    block_here(what, at);
    return;
  }
  check_suspended = true;
  if (fn) fn(p->args);
  check_suspended = false;
  for (unsigned m = need; m; m &= m - 1) set_ready(first + __builtin_ctz(m));
  std::swap(*p, w.pending.back());
  w.pending.pop_back();
  polls = 0;
  ++stats.collectives;
  maybe_yield();
}
void block_collective(int id, unsigned count, void* arg, Fn fn, const char* what, const Loc& at) {
  Cuda& t = me();
  Barrier& b = barriers[id];
  if (!count) count = config.strict ? n_threads : n_threads - n_done;
  if (config.strict && id == 0 && count == n_threads && n_done)
    fail(std::string(what) + " after threads of the block have exited", at);
  if (!b.arrived) {
    b.fn = fn;
    b.what = what;
    b.at = at;
    b.count = count;
  } else if (b.fn != fn || b.count != count)
    fail(std::string("barrier divergence: ") + what + " meets " + b.what + " (" + where(b.at) + ")", at);
  else if (config.strict &&
           (b.at.line() != at.line() || b.at.column() != at.column() || b.at.file_name() != at.file_name()))
    fail(std::string("barrier divergence: ") + what + " meets another " + b.what + " (" + where(b.at) + ")", at);
  ++b.arrived;
  b.args.push_back(arg);
  b.who.push_back(t.index);
#if defined(EMU_TSAN)
  __tsan_release(&b);
#endif
  if (b.arrived == count) {
    finish_barrier(b);
    maybe_yield();
  } else
    block_here(what, at);
#if defined(EMU_TSAN)
  __tsan_acquire(&b);
#endif
}
void wait_until(bool (*pred)(void*), void* arg, const char* what, const Loc& at) {
  Cuda& t = me();
  for (; !pred(arg); ++polls) {
    t.waits = what;
    t.at = at;
    if (polls > 16ull * n_threads) {
      deadlock(*t.fiber);
    }
    go_next(t.fiber, false, true);
  }
  polls = 0;
}
static char fence_obj;
void fence() {
  if (checker) checker->on_fence();
#if defined(EMU_TSAN)
  __tsan_acquire(&fence_obj);
  __tsan_release(&fence_obj);
#endif
  (void)fence_obj;
}
void warp_sync_point(unsigned mask) {
  if (checker) checker->on_warp_barrier(mask);
}
namespace {
struct FreeFibers {
  ~FreeFibers() {
    for (Fiber* f : all_fibers) delete f;
  }
} free_fibers;
}  // namespace
static void poison_range(void* p, size_t n, bool bad) {
#if defined(__SANITIZE_ADDRESS__)
  if (bad)
    __asan_poison_memory_region(p, n);
  else
    __asan_unpoison_memory_region(p, n);
#else
  (void)p;
  (void)n;
  (void)bad;
#endif
}
int new_shared_id() { return next_var++; }
static void* carve(size_t bytes, size_t align, const char* name) {
  size_t at = (arena_used + kRedzone + align - 1) / align * align;
  if (at + bytes + kRedzone > kArena) fail("shared memory arena exhausted", Loc{});
  arena_used = at + bytes;
  void* p = arena + at;
  poison_range(p, bytes, false);
  memset(p, 0xFF, bytes);  // NaN in fp32, fp16 and bf16
  if (checker) checker->on_shared(p, bytes, name);
  return p;
}
void* shared_var(int id, size_t bytes, size_t align, const char* name) {
  if (size_t(id) >= vars.size()) vars.resize(id + 1, Var{nullptr, 0});
  Var& v = vars[id];
  if (v.block != block_serial) {
    static_used += bytes;
    if (static_used > config.max_static) fail("static shared memory over the limit", Loc{});
    v = {carve(bytes, align, name), block_serial};
  }
  return v.p;
}
void* shared_dynamic() {
  if (!dyn_ptr) dyn_ptr = carve(dyn_bytes, 128, "dynamic shared memory");
  return dyn_ptr;
}
unsigned shared_offset(const void* p, const Loc& at) {
  auto* c = static_cast<const char*>(p);
  if (c < arena || c >= arena + kArena) fail("address is not in shared memory", at);
  return unsigned(c - arena);
}
void access(const void* p, size_t n, bool write) {
  if (checker) checker->on_access(p, n, write, __builtin_return_address(0));
}
static void do_copy(const AsyncCopy& c) {
  memcpy(c.dst, c.src, c.bytes - c.zero);
  memset(static_cast<char*>(c.dst) + c.bytes - c.zero, 0, c.zero);
}
#if defined(__SANITIZE_ADDRESS__)
static void touch(const void* p, size_t n, const char* what, const Loc& at) {
  if (n && __asan_region_is_poisoned(const_cast<void*>(p), n)) fail(std::string(what) + " out of bounds", at);
}
#else
static void touch(const void*, size_t, const char*, const Loc&) {}
#endif
void cp_async(void* dst, const void* src, unsigned bytes, unsigned src_bytes, const Loc& at) {
  if (bytes != 4 && bytes != 8 && bytes != 16) fail("cp.async of other than 4, 8 or 16 bytes", at);
  if (src_bytes > bytes) fail("cp.async source size over its copy size", at);
  if (reinterpret_cast<uintptr_t>(dst) % bytes || reinterpret_cast<uintptr_t>(src) % bytes)
    fail("cp.async misaligned", at);
  shared_offset(dst, at);
  touch(dst, bytes, "cp.async destination", at);
  touch(src, src_bytes, "cp.async source", at);
  AsyncCopy c{dst, src, bytes, bytes - src_bytes, me().groups};
  if (checker) {
    if (src_bytes) checker->on_access(src, src_bytes, false, __builtin_return_address(0));
    checker->on_access(dst, bytes, true, __builtin_return_address(0));
    checker->mark_pending(dst, bytes);
  }
  if (config.async == Async::eager) do_copy(c);
  me().copies.push_back(c);
  me().at = at;
}
void cp_async_commit() { ++me().groups; }
void cp_async_wait(unsigned left) {
  Cuda& t = me();
  if (t.groups < left) return;
  unsigned ready_below = t.groups - left;
  size_t k = 0;
  for (auto& c : t.copies)
    if (c.group < ready_below) {
      if (config.async == Async::lazy) do_copy(c);
      if (checker) checker->on_access(c.dst, c.bytes, true, __builtin_return_address(0));
    } else
      t.copies[k++] = c;
  t.copies.resize(k);
}
void track_global(void* p, size_t n, const char* what) {
  if (checker) checker->track(p, n, what);
}
void untrack_global(void* p) {
  if (checker) checker->untrack(p);
}

void run(Dim grid, Dim block, size_t dyn, const char* name, void (*entry)(void*), void* arg) {
  kernel_name = name;
  self = nullptr;
  check_suspended = false;
  Loc none{};
  if (!grid.count() || !block.count()) fail("empty grid or block", none);
  if (block.count() > 1024 || block.z > 64 || grid.y > 65535 || grid.z > 65535)
    fail("grid or block over the limits", none);
  if (dyn > config.max_dynamic) fail("dynamic shared memory over the limit", none);
  if (!arena) arena = static_cast<char*>(aligned_alloc(1024, kArena));
  grid_dim = grid;
  block_dim = block;
  dyn_bytes = dyn;
  kernel = entry;
  kernel_arg = arg;
  n_threads = block.count();
  ++stats.launches;
  rng = config.seed * 0x9E3779B97F4A7C15ull | 1;
  while (threads.size() < n_threads) threads.push_back(std::make_unique<Cuda>());
  warps.resize((n_threads + 31) / 32);
  for (unsigned i = 0; i < n_threads; ++i) {
    Cuda& t = *threads[i];
    t.tid = {i % block.x, i / block.x % block.y, i / (block.x * block.y)};
    t.index = i;
    t.lane = i % 32;
    t.warp = i / 32;
  }
#if defined(EMU_TSAN)
  if (!main_tsan) main_tsan = __tsan_get_current_fiber();
  __tsan_release(&tsan_launch);
#endif
  if (checker) checker->on_launch(name);
  const unsigned blocks = grid.count();
  failed = false;
  for (unsigned k = 0; k < blocks && !failed; ++k) {
    unsigned b = config.order == Order::reverse ? blocks - 1 - k : k;
    if (config.order == Order::random && blocks > 1) {
      static std::vector<unsigned> perm;
      if (k == 0) {
        perm.resize(blocks);
        for (unsigned i = 0; i < blocks; ++i) perm[i] = i;
        for (unsigned i = blocks - 1; i; --i) std::swap(perm[i], perm[random64() % (i + 1)]);
      }
      b = perm[k];
    }
    block_id = {b % grid.x, b / grid.x % grid.y, b / (grid.x * grid.y)};
    ++block_serial;
    arena_used = static_used = 0;
    dyn_ptr = nullptr;
    poison_range(arena, kArena, true);
#if defined(EMU_TSAN)
    AnnotateNewMemory(__FILE__, __LINE__, arena, kArena);
#endif
    if (checker) checker->on_block(b, arena, kArena);
    n_done = 0;
    polls = 0;
    for (auto& x : barriers) x.arrived = 0, x.who.clear(), x.args.clear();
    for (auto& w : warps) w.pending.clear(), w.exited = 0;
    for (unsigned i = 0; i < n_threads; ++i) {
      Cuda& t = *threads[i];
      t.fiber = nullptr;
      t.done = false;
      t.groups = 0;
      t.copies.clear();
      t.waits = nullptr;
    }
    ready.assign((n_threads + 63) / 64, ~0ull);
    if (n_threads % 64) ready.back() = (1ull << n_threads % 64) - 1;
    cursor = config.order == Order::forward ? n_threads - 1 : 0;
    int i = pick();
    cursor = i;
    self = threads[i].get();
    thread_id = self->tid;
    thread_lane = self->lane;
    me().fiber = new_fiber();
    ++stats.switches;
#if defined(EMU_TSAN)
    if (!me().tsan) me().tsan = __tsan_create_fiber(0);
    __tsan_switch_to_fiber(me().tsan, 1);
#endif
    fiber_switch(main_fiber, *me().fiber);
    ++stats.blocks;
    stats.threads += n_threads;
  }
#if defined(EMU_TSAN)
  __tsan_acquire(&tsan_launch);
#endif
  if (checker) checker->on_launch_end();
  self = nullptr;
  if (failed) {  // abandon the kernel's frames; every fiber starts afresh
    pool.clear();
    for (Fiber* f : all_fibers) {
      fiber_reset(*f, fiber_main);
      pool.push_back(f);
    }
    throw Error(error);
  }
}
}  // namespace emu
namespace emu {
void current_stack(char*& lo, char*& hi) {
  Fiber* f = me().fiber;
  lo = f->stack;
  hi = f->stack + f->size;
}
}  // namespace emu
