// SPDX-License-Identifier: Apache-2.0
// The checked build: kernels are compiled with -fsanitize=thread, so that the compiler calls __tsan_readN/__tsan_writeN
// at each access to memory, and this file, instead of ThreadSanitizer's runtime, answers those calls.  Finds, exactly
// and whatever the schedule: accesses out of bounds, misaligned, of uninitialised memory, of host memory, and data
// races by CUDA's rules.
#include "kernels/emulator/check.h"
#include <cstdio>
#include <cstdlib>
#include <map>
#include <unordered_map>
#include <vector>
#include "kernels/emulator/emulator.h"
extern "C" char __executable_start, _end;
namespace emu {
void current_stack(char*& lo, char*& hi);
namespace {
struct Rec {
  uint32_t block = 0, time = 0;
  uint16_t launch = 0, bar = 0, wbar = 0, who = 0;
};  // who: thread + 1; 0 none
struct Cell {
  Rec w, r1, r2;
  bool init = false, pending = false, watomic = false;
};
constexpr size_t kGrain = 2;
struct Region {
  char* base;
  size_t n;
  std::string what;
  std::vector<Cell> cells;
};
using Clock = std::unordered_map<uint32_t, uint32_t>;
void join(Clock& a, const Clock& b) {
  for (auto [k, v] : b) {
    auto& x = a[k];
    if (v > x) x = v;
  }
}
// Estimate of memory efficiency, from block 0 of each launch: the k-th time each lane of a warp passes one source place
// is taken for one instruction of the warp.  Shared: wavefronts (bank conflicts); global: 32-byte sectors.  Printed at
// exit when EMU_TRACE is set.
struct Trace {
  struct Inst {
    uintptr_t a[32];
    uint32_t mask = 0;
    uint16_t n = 0;
  };
  struct Site {
    bool shared, write;
    uint64_t insts = 0, cost = 0, ideal = 0, lanes = 0;
    std::vector<std::vector<Inst>> warp{32};
    std::vector<uint32_t> count = std::vector<uint32_t>(1024);
  };
  std::map<void*, Site> sites;
  bool on = getenv("EMU_TRACE") != nullptr;
  void add(void* pc, const void* p, size_t n, bool shared, bool write) {
    Site& s = sites[pc];
    s.shared = shared;
    s.write = write;
    uint32_t k = s.count[self->index]++;
    auto& w = s.warp[self->warp];
    if (w.size() <= k) w.resize(k + 1);
    Inst& i = w[k];
    i.a[self->lane] = reinterpret_cast<uintptr_t>(p);
    i.mask |= 1u << self->lane;
    i.n = n;
  }
  void flush() {
    for (auto& [pc, s] : sites) {
      for (auto& w : s.warp) {
        for (auto& i : w) {
          ++s.insts;
          s.lanes += __builtin_popcount(i.mask);
          unsigned group = i.n <= 4 ? 32 : 128 / i.n;
          if (s.shared)
            for (unsigned g = 0; g < 32; g += group) {
              std::map<unsigned, std::vector<uintptr_t>> bank;
              unsigned worst = 0;
              bool any = false;
              for (unsigned l = g; l < g + group; ++l)
                if (i.mask >> l & 1) {
                  any = true;
                  for (unsigned b = 0; b < i.n; b += 4) {
                    uintptr_t word = (i.a[l] + b) / 4;
                    auto& v = bank[word % 32];
                    bool seen = false;
                    for (auto x : v) seen |= x == word;
                    if (!seen) v.push_back(word);
                    if (v.size() > worst) worst = v.size();
                  }
                }
              s.cost += worst;
              s.ideal += any;
            }
          else {
            std::map<uintptr_t, bool> sec, bytes4;
            for (unsigned l = 0; l < 32; ++l)
              if (i.mask >> l & 1)
                for (unsigned b = 0; b < i.n; b += 2) {
                  sec[(i.a[l] + b) / 32] = true;
                  bytes4[(i.a[l] + b) / 2] = true;
                }
            s.cost += sec.size();
            s.ideal += (bytes4.size() * 2 + 31) / 32;
          }
        }
        w.clear();
      }
      std::fill(s.count.begin(), s.count.end(), 0);
    }
  }
  ~Trace() {
    if (!on) return;
    flush();
    printf("%-22s %-6s %-5s %10s %8s %10s %8s\n", "place", "space", "op", "warp insts", "lanes", "cost/inst", "ideal");
    for (auto& [pc, s] : sites) {
      char cmd[256], line[256] = "";
      snprintf(cmd, sizeof cmd, "addr2line -s -e /proc/%d/exe %p", getpid_(),
               static_cast<void*>(static_cast<char*>(pc) - 1));
      if (FILE* f = popen(cmd, "r")) {
        if (fgets(line, sizeof line, f)) line[strcspn(line, "\n (")] = 0;
        pclose(f);
      }
      printf("%-22s %-6s %-5s %10llu %8.1f %10.2f %8.2f%s\n", line, s.shared ? "shared" : "global",
             s.write ? "write" : "read", (unsigned long long)s.insts, double(s.lanes) / s.insts,
             double(s.cost) / s.insts, double(s.ideal) / s.insts, s.cost > 1.5 * s.ideal ? "   <--" : "");
    }
  }
  static int getpid_();
};
struct Check : Checker {
  Trace trace;
  std::map<char*, Region> globals;
  Region* hit = nullptr;
  std::vector<Region> shared;
  char* arena = nullptr;
  size_t arena_n = 0;
  uint16_t launch = 0;
  uint32_t block = 0;
  uint16_t bar = 0, wbar[32] = {};
  uint32_t time = 1;
  std::unordered_map<uint32_t, Clock> acq, rel, pend;
  std::unordered_map<const void*, Clock> loc;
  uint64_t accesses = 0;
  std::string kernel;
  void track(void* p, size_t n, const char* what) override {
    char* c = static_cast<char*>(p);
    if (what[0] == '+') {
      if (Region* r = find(c))
        for (size_t i = (c - r->base) / kGrain; i < (c - r->base + n + kGrain - 1) / kGrain; ++i)
          r->cells[i].init = true;
      return;
    }
    Region r{c, n, what, {}};
    r.cells.resize(n / kGrain + 1);
    globals.insert_or_assign(c, std::move(r));
    hit = nullptr;
  }
  void untrack(void* p) override {
    globals.erase(static_cast<char*>(p));
    hit = nullptr;
  }
  Region* find(const char* c) {
    if (hit && c >= hit->base && c < hit->base + hit->n) return hit;
    auto it = globals.upper_bound(const_cast<char*>(c));
    if (it == globals.begin()) return nullptr;
    --it;
    return c < it->second.base + it->second.n ? hit = &it->second : nullptr;
  }
  void on_launch(const char* k) override {
    kernel = k;
    ++launch;
    acq.clear();
    rel.clear();
    pend.clear();
    loc.clear();
  }
  void on_launch_end() override {
    if (trace.on) trace.flush();
  }
  void on_block(unsigned b, void* a, size_t n) override {
    block = b;
    arena = static_cast<char*>(a);
    arena_n = n;
    shared.clear();
    bar = 0;
    for (auto& w : wbar) w = 0;
  }
  void on_shared(void* p, size_t n, const char* name) override {
    Region r{static_cast<char*>(p), n, name, {}};
    r.cells.resize(n / kGrain + 1);
    shared.push_back(std::move(r));
  }
  void on_block_barrier() override { ++bar; }
  void on_warp_barrier(unsigned) override {
    if (self) ++wbar[self->warp];
  }
  void on_fence() override {
    join(acq[block], pend[block]);
    Clock& r = rel[block];
    join(r, acq[block]);
    r[block] = ++time;
  }
  void on_atomic(const void* p) {
    Clock& l = loc[p];
    join(l, rel[block]);
    join(pend[block], l);
  }
  void mark_pending(const void* p, size_t n) override {
    Region* r = region(static_cast<const char*>(p));
    if (r) {
      size_t o = static_cast<const char*>(p) - r->base;
      for (size_t i = o / kGrain; i < (o + n) / kGrain; ++i) r->cells[i].pending = true;
    }
  }
  Region* region(const char* c) {
    if (c >= arena && c < arena + arena_n) {
      for (auto& r : shared)
        if (c >= r.base && c < r.base + r.n) return &r;
      return nullptr;
    }
    return find(c);
  }
  bool ordered(const Rec& a) {
    if (!a.who || a.launch != launch) return true;
    unsigned t = a.who - 1;
    if (a.block == block) return t == self->index || a.bar < bar || (t / 32 == self->warp && a.wbar < wbar[self->warp]);
    auto it = acq.find(block);
    if (it == acq.end()) return false;
    auto jt = it->second.find(a.block);
    return jt != it->second.end() && jt->second > a.time;
  }
  [[noreturn]] void report(const std::string& what, void* pc) {
    check_suspended = true;
    char cmd[256], line[256] = "";
    snprintf(cmd, sizeof cmd, "addr2line -s -e /proc/%d/exe %p", getpid_(),
             static_cast<void*>(static_cast<char*>(pc) - 1));
    if (FILE* f = popen(cmd, "r")) {
      if (fgets(line, sizeof line, f)) line[strcspn(line, "\n")] = 0;
      pclose(f);
    }
    fail(what + " [" + line + "]", Loc{});
  }
  static int getpid_();
  void on_access(const void* p, size_t n, bool write, void* pc, bool atomic = false) override {
    if (!self) return;
    ++accesses;
    auto* c = static_cast<const char*>(p);
    char *lo, *hi;
    current_stack(lo, hi);
    if (c >= lo && c < hi) return;
    if (c >= &__executable_start && c < &_end) return;  // constants
    if (trace.on && block == 0) trace.add(pc, p, n, c >= arena && c < arena + arena_n, write);
    if (atomic) on_atomic(p);
    Region* r = region(c);
    const char* verb = write ? "write" : "read";
    if (!r || c + n > r->base + r->n) {
      std::string near = "no device allocation holds it";
      if (c >= arena && c < arena + arena_n) {
        for (auto& s : shared)
          if (c >= s.base)
            near = std::to_string(c - s.base) + " bytes into shared `" + s.what + "` of " + std::to_string(s.n);
      } else {
        auto it = globals.upper_bound(const_cast<char*>(c));
        if (it != globals.begin()) {
          --it;
          size_t d = c - it->second.base;
          if (d < it->second.n + 4096)
            near = std::to_string(d) + " bytes into a " + it->second.what + " of " + std::to_string(it->second.n);
        }
      }
      report(std::string(verb) + " of " + std::to_string(n) + " bytes out of bounds: " + near, pc);
    }
    if ((n & (n - 1)) == 0 && reinterpret_cast<uintptr_t>(c) % n)
      report("misaligned " + std::string(verb) + " of " + std::to_string(n) + " bytes", pc);
    Rec me{block, time, launch, bar, wbar[self->warp], uint16_t(self->index + 1)};
    size_t o = c - r->base;
    for (size_t i = o / kGrain; i <= (o + n - 1) / kGrain; ++i) {
      Cell& x = r->cells[i];
      if (!write && !x.init) report("read of uninitialised " + r->what + " at byte " + std::to_string(o), pc);
      if (x.pending && x.w.who) {
        if (!write && !(x.w.who == me.who && false))
          report("read of `" + r->what + "` before its cp.async was waited for", pc);
        if (write) x.pending = false;
      }
      if (!ordered(x.w) && !(atomic && x.watomic)) race(r, o, x.w, "write", verb, pc);
      if (write) {
        if (!atomic) {
          if (!ordered(x.r1)) race(r, o, x.r1, "read", verb, pc);
          if (!ordered(x.r2)) race(r, o, x.r2, "read", verb, pc);
        }
        x.w = me;
        x.watomic = atomic;
        x.init = true;
      } else if (x.r1.who == me.who && x.r1.block == me.block)
        x.r1 = me;
      else if (ordered(x.r1))
        x.r1 = me;
      else
        x.r2 = me;
    }
  }
  [[noreturn]] void race(Region* r, size_t o, const Rec& a, const char* averb, const char* verb, void* pc) {
    report(std::string("data race: ") + verb + " of `" + r->what + "` byte " + std::to_string(o) +
               " unordered with the " + averb + " by thread " + std::to_string(a.who - 1) + " of block " +
               std::to_string(a.block),
           pc);
  }
};
Check check;
struct Install {
  Install() { checker = &check; }
} install;
inline void acc(const void* p, size_t n, bool w, void* pc) {
  if (self && !check_suspended) check.on_access(p, n, w, pc);
}
}  // namespace
uint64_t check_accesses() { return check.accesses; }
}  // namespace emu
#include <unistd.h>
int emu::Check::getpid_() { return getpid(); }
int emu::Trace::getpid_() { return getpid(); }
#define PC __builtin_return_address(0)
extern "C" {
void __tsan_init() {}
void __tsan_func_entry(void*) {}
void __tsan_func_exit() {}
void __tsan_vptr_update(void**, void*) {}
void __tsan_vptr_read(void**) {}
#define RW(n)                                                           \
  void __tsan_read##n(void* p) { emu::acc(p, n, false, PC); }           \
  void __tsan_write##n(void* p) { emu::acc(p, n, true, PC); }           \
  void __tsan_unaligned_read##n(void* p) { emu::acc(p, n, false, PC); } \
  void __tsan_unaligned_write##n(void* p) { emu::acc(p, n, true, PC); } \
  void __tsan_volatile_read##n(void* p) { emu::acc(p, n, false, PC); }  \
  void __tsan_volatile_write##n(void* p) { emu::acc(p, n, true, PC); }
RW(1) RW(2) RW(4) RW(8) RW(16) void __tsan_read_range(void* p, size_t n) { emu::acc(p, n, false, PC); }
void __tsan_write_range(void* p, size_t n) { emu::acc(p, n, true, PC); }
#define AT(bits, T)                                                                                     \
  T __tsan_atomic##bits##_load(const volatile T* p, int) {                                              \
    if (emu::self && !emu::check_suspended) emu::check.on_access((void*)p, sizeof(T), false, PC, true); \
    return *p;                                                                                          \
  }                                                                                                     \
  void __tsan_atomic##bits##_store(volatile T* p, T v, int) {                                           \
    if (emu::self && !emu::check_suspended) emu::check.on_access((void*)p, sizeof(T), true, PC, true);  \
    *p = v;                                                                                             \
  }                                                                                                     \
  T __tsan_atomic##bits##_exchange(volatile T* p, T v, int) {                                           \
    if (emu::self && !emu::check_suspended) emu::check.on_access((void*)p, sizeof(T), true, PC, true);  \
    T o = *p;                                                                                           \
    *p = v;                                                                                             \
    return o;                                                                                           \
  }                                                                                                     \
  T __tsan_atomic##bits##_fetch_add(volatile T* p, T v, int) {                                          \
    if (emu::self && !emu::check_suspended) emu::check.on_access((void*)p, sizeof(T), true, PC, true);  \
    T o = *p;                                                                                           \
    *p = T(o + v);                                                                                      \
    return o;                                                                                           \
  }                                                                                                     \
  int __tsan_atomic##bits##_compare_exchange_strong(volatile T* p, T* e, T v, int, int) {               \
    if (emu::self && !emu::check_suspended) emu::check.on_access((void*)p, sizeof(T), true, PC, true);  \
    T o = *p;                                                                                           \
    if (o == *e) {                                                                                      \
      *p = v;                                                                                           \
      return 1;                                                                                         \
    }                                                                                                   \
    *e = o;                                                                                             \
    return 0;                                                                                           \
  }                                                                                                     \
  T __tsan_atomic##bits##_compare_exchange_val(volatile T* p, T e, T v, int, int) {                     \
    if (emu::self && !emu::check_suspended) emu::check.on_access((void*)p, sizeof(T), true, PC, true);  \
    T o = *p;                                                                                           \
    if (o == e) *p = v;                                                                                 \
    return o;                                                                                           \
  }
AT(8, uint8_t) AT(16, uint16_t) AT(32, uint32_t) AT(64, uint64_t)
}

struct UbLoc {
  const char* file;
  uint32_t line, col;
};
struct UbType {
  uint16_t kind, info;
  char name[1];
};
struct UbMismatch {
  UbLoc at;
  UbType* type;
  unsigned char log_align, kind;
};
extern "C" void __ubsan_handle_type_mismatch_v1(UbMismatch* m, uintptr_t p) {  // -fsanitize=alignment
  if (!emu::self || emu::check_suspended || !(p & ((1ull << m->log_align) - 1))) return;
  emu::check_suspended = true;
  emu::fail(
      std::string("misaligned access to ") + m->type->name + " [" + m->at.file + ":" + std::to_string(m->at.line) + "]",
      emu::Loc{});
}
extern "C" void __ubsan_handle_type_mismatch_v1_abort(UbMismatch* m, uintptr_t p) {
  __ubsan_handle_type_mismatch_v1(m, p);
}
