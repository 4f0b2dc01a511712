// SPDX-License-Identifier: Apache-2.0
// The device language under a host compiler: CUDA's built-ins over the emulator. Included by kernels/cuda/device.h
// only.
#pragma once

#include <functional>

#include "kernels/emulator/emulator.h"

#define SHARED(name, ...) auto& name = ::emu::shared<__VA_ARGS__>(#name, [] {})
#define SHARED_DYNAMIC(T, name) T* name = static_cast<T*>(::emu::shared_dynamic())
#define UNROLL
#define ROLLED
// The last parameter of a function that a kernel calls where the emulator must know from where.
#define CALL_SITE , const ::emu::Loc& at = ::emu::Loc::current()
#define PASS_CALL_SITE , at
#define threadIdx (::emu::thread_id)
#define blockIdx (::emu::block_id)
#define blockDim (::emu::block_dim)
#define gridDim (::emu::grid_dim)
#undef __launch_bounds__
#define __launch_bounds__(...)
#undef __grid_constant__
#define __grid_constant__
constexpr int warpSize = 32;
#define EMU_RAW __attribute__((no_sanitize("thread")))
#define EMU_AT const ::emu::Loc& at = ::emu::Loc::current()

inline void __syncthreads(EMU_AT) { emu::block_collective(0, 0, nullptr, nullptr, "__syncthreads", at); }
inline int __syncthreads_count(int p, EMU_AT) {
  struct A {
    int p, r;
  } a{p != 0, 0};
  static constexpr auto fn = +[](void** v) EMU_RAW {
    int n = int(emu::block_dim.count()), s = 0;
    for (int i = 0; i < n; ++i) s += static_cast<A*>(v[i])->p;
    for (int i = 0; i < n; ++i) static_cast<A*>(v[i])->r = s;
  };
  emu::block_collective(0, 0, &a, fn, "__syncthreads_count", at);
  return a.r;
}
inline int __syncthreads_or(int p, EMU_AT) { return __syncthreads_count(p, at) > 0; }
inline int __syncthreads_and(int p, EMU_AT) { return __syncthreads_count(!p, at) == 0; }
inline void __syncwarp(unsigned mask = ~0u, EMU_AT) {
  emu::warp_collective(mask, nullptr, nullptr, "__syncwarp", at);
  emu::warp_sync_point(mask);
}
inline void __threadfence() { emu::fence(); }
inline void __threadfence_block() { emu::fence(); }

namespace emu {
template <class T>
struct Shfl {
  T v, r;
  int src;
};
template <class T>
T shfl(unsigned mask, T v, int src, const char* what, const Loc& at) {  // src: a lane 0..31
  Shfl<T> a{v, v, src};
  warp_collective(
      mask, &a,
      [](void** p) EMU_RAW {
        for (int l = 0; l < 32; ++l)
          if (auto* x = static_cast<Shfl<T>*>(p[l])) {
            auto* y = static_cast<Shfl<T>*>(p[x->src & 31]);
            if (y)
              x->r = y->v;
            else
              x->src = -1;
          }
        for (int l = 0; l < 32; ++l) p[l] = nullptr;
      },
      what, at);
  if (a.src < 0) fail(what, at, " reads a lane outside its mask");  // undefined on the device
  return a.r;
}
struct Vote {
  bool p;
  unsigned r;
};
inline unsigned ballot(unsigned mask, bool p, const char* what, const Loc& at) {
  Vote a{p, 0};
  warp_collective(
      mask, &a,
      [](void** v) EMU_RAW {
        unsigned r = 0;
        for (int l = 0; l < 32; ++l)
          if (v[l]) r |= unsigned(static_cast<Vote*>(v[l])->p) << l;
        for (int l = 0; l < 32; ++l)
          if (v[l]) {
            static_cast<Vote*>(v[l])->r = r;
            v[l] = nullptr;
          }
      },
      what, at);
  return a.r;
}
inline int lane() { return int(thread_lane); }
}  // namespace emu
template <class T>
T __shfl_sync(unsigned m, T v, int src, int w = 32, EMU_AT) {
  return emu::shfl(m, v, (emu::lane() & ~(w - 1)) | (src & (w - 1)), "__shfl_sync", at);
}
template <class T>
T __shfl_xor_sync(unsigned m, T v, int x, int w = 32, EMU_AT) {
  int s = emu::lane() ^ x;
  if ((s & ~(w - 1)) > (emu::lane() & ~(w - 1))) s = emu::lane();
  return emu::shfl(m, v, s, "__shfl_xor_sync", at);
}
template <class T>
T __shfl_down_sync(unsigned m, T v, unsigned d, int w = 32, EMU_AT) {
  int l = emu::lane(), s = l + int(d);
  if ((l & (w - 1)) + int(d) >= w) s = l;
  return emu::shfl(m, v, s, "__shfl_down_sync", at);
}
template <class T>
T __shfl_up_sync(unsigned m, T v, unsigned d, int w = 32, EMU_AT) {
  int l = emu::lane(), s = l - int(d);
  if ((l & (w - 1)) < int(d)) s = l;
  return emu::shfl(m, v, s, "__shfl_up_sync", at);
}
inline unsigned __ballot_sync(unsigned m, int p, EMU_AT) { return emu::ballot(m, p != 0, "__ballot_sync", at); }
inline int __any_sync(unsigned m, int p, EMU_AT) { return emu::ballot(m, p != 0, "__any_sync", at) != 0; }
inline int __all_sync(unsigned m, int p, EMU_AT) { return emu::ballot(m, p == 0, "__all_sync", at) == 0; }
template <class T>
T __ldcs(const T* p) {
  return *p;
}
template <class T>
void __stcs(T* p, std::type_identity_t<T> v) {
  *p = v;
}
inline unsigned __activemask() { return ~0u; }

// Atomics: one thread runs at a time, so plain read-modify-write is atomic; the builtins keep the sanitizers informed.
template <class T>
T atomicAdd(T* p, std::type_identity_t<T> v) {
  if constexpr (std::is_integral_v<T>)
    return __atomic_fetch_add(p, v, __ATOMIC_RELAXED);
  else {
    T o, n;
    __atomic_load(p, &o, __ATOMIC_RELAXED);
    do n = o + v;
    while (!__atomic_compare_exchange(p, &o, &n, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
    return o;
  }
}
template <class T>
T atomicCAS(T* p, std::type_identity_t<T> c, std::type_identity_t<T> v) {
  __atomic_compare_exchange_n(p, &c, v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED);
  return c;
}
template <class T>
T atomicExch(T* p, std::type_identity_t<T> v) {
  T o;
  __atomic_exchange(p, &v, &o, __ATOMIC_RELAXED);
  return o;
}
template <class T>
T atomicMax(T* p, std::type_identity_t<T> v) {
  T o = __atomic_load_n(p, __ATOMIC_RELAXED);
  while (o < v && !__atomic_compare_exchange_n(p, &o, v, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED)) {
  }
  return o;
}
inline unsigned atomicInc(unsigned* p, unsigned lim) {
  unsigned o = __atomic_load_n(p, __ATOMIC_RELAXED), n;
  do n = o >= lim ? 0 : o + 1;
  while (!__atomic_compare_exchange_n(p, &o, n, false, __ATOMIC_RELAXED, __ATOMIC_RELAXED));
  return o;
}

template <class T>
T __ldg(const T* p) {
  return *p;
}
inline float __expf(float x) { return expf(x); }
inline float __logf(float x) { return logf(x); }
inline float rsqrtf(float x) { return 1.0f / sqrtf(x); }
inline float __fdividef(float a, float b) { return a / b; }
inline int __popc(unsigned x) { return __builtin_popcount(x); }
inline int __ffs(int x) { return __builtin_ffs(x); }
inline int __clz(int x) { return x ? __builtin_clz(unsigned(x)) : 32; }
inline float __int_as_float(int x) {
  float f;
  memcpy(&f, &x, 4);
  return f;
}
inline int __float_as_int(float x) {
  int f;
  memcpy(&f, &x, 4);
  return f;
}
using std::max;
using std::min;

namespace emu {
void enqueue(cudaStream_t s, std::function<void()> f, const char* what);
}
namespace sluice::kernels::cuda {
template <class... P>
cudaError_t launch_kernel(const char* name, dim3 g, dim3 b, std::size_t smem, cudaStream_t stream, void (*kernel)(P...),
                          P... a) {
  auto go = [=, args = std::tuple<P...>(a...)]() mutable {  // the parameters are copied now, as a launch does
    auto call = [&]() EMU_RAW {
      [&]<std::size_t... I>(std::index_sequence<I...>) EMU_RAW { kernel(std::get<I>(args)...); }
      (std::index_sequence_for<P...>{});
    };
    emu::run(
        {g.x, g.y, g.z}, {b.x, b.y, b.z}, smem, name, [](void* p) EMU_RAW { (*static_cast<decltype(call)*>(p))(); },
        &call);
  };
  emu::enqueue(stream, go, name);
  return cudaSuccess;
}
}  // namespace sluice::kernels::cuda
