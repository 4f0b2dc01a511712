// SPDX-License-Identifier: Apache-2.0
// Every PTX instruction the kernels use, one thin function each; the host body says what the instruction means.
#pragma once

#include "kernels/cuda/device.h"
namespace sluice::kernels::cuda::ptx {
#if defined(__CUDACC__)
__device__ __forceinline__ unsigned smem(const void* p) { return unsigned(__cvta_generic_to_shared(p)); }
__device__ __forceinline__ void cp_async16(void* dst, const void* src, bool keep) {  // !keep: sixteen zero bytes
  int n = keep ? 16 : 0;
  asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(smem(dst)), "l"(src), "r"(n) : "memory");
}
__device__ __forceinline__ void cp_async_commit() { asm volatile("cp.async.commit_group;" ::: "memory"); }
template <int N>
__device__ __forceinline__ void cp_async_wait() {
  asm volatile("cp.async.wait_group %0;" ::"n"(N) : "memory");
}
__device__ __forceinline__ void ldmatrix_x4(uint32_t (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(smem(row))
               : "memory");
}
__device__ __forceinline__ void ldmatrix_x4_trans(uint32_t (&r)[4], const void* row) {
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(r[0]), "=r"(r[1]), "=r"(r[2]), "=r"(r[3])
               : "r"(smem(row))
               : "memory");
}
__device__ __forceinline__ void mma_m16n8k16(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1) {
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
}
#else
inline void cp_async16(void* dst, const void* src, bool keep, EMU_AT) {
  emu::cp_async(dst, src, 16, keep ? 16 : 0, at);
}
inline void cp_async_commit() { emu::cp_async_commit(); }
template <int N>
void cp_async_wait() {
  emu::cp_async_wait(N);
}

struct Ldmatrix {
  uint32_t* r;
  const void* row;
};
template <bool Trans>
void ldmatrix4(uint32_t (&r)[4], const void* row, const emu::Loc& at) {
  if (reinterpret_cast<uintptr_t>(row) % 16) emu::fail("ldmatrix row misaligned", at);
  emu::shared_offset(row, at);
  emu::access(row, 16, false);
  Ldmatrix a{r, row};
  emu::warp_collective(
      ~0u, &a,
      [](void** p) EMU_RAW {  // matrix m: rows at the addresses of lanes 8m..8m+7
        for (int m = 0; m < 4; ++m)
          for (int lane = 0; lane < 32; ++lane)
            for (int h = 0; h < 2; ++h) {
              int row = Trans ? 2 * (lane % 4) + h : lane / 4, col = Trans ? lane / 4 : 2 * (lane % 4) + h;
              uint16_t e = static_cast<const uint16_t*>(static_cast<Ldmatrix*>(p[8 * m + row])->row)[col];
              uint32_t& out = static_cast<Ldmatrix*>(p[lane])->r[m];
              out = h ? (out & 0xFFFFu) | uint32_t(e) << 16 : (out & 0xFFFF0000u) | e;
            }
      },
      Trans ? "ldmatrix.x4.trans" : "ldmatrix.x4", at);
}
inline void ldmatrix_x4(uint32_t (&r)[4], const void* row, EMU_AT) { ldmatrix4<false>(r, row, at); }
inline void ldmatrix_x4_trans(uint32_t (&r)[4], const void* row, EMU_AT) { ldmatrix4<true>(r, row, at); }

struct Mma {
  float* d;
  const uint32_t* a;
  uint32_t b[2];
};
inline float bf16_at(uint32_t w, int h) {
  uint32_t u = h ? w & 0xFFFF0000u : w << 16;
  float f;
  memcpy(&f, &u, 4);
  return f;
}
inline void mma_m16n8k16(float (&d)[4], const uint32_t (&a)[4], uint32_t b0, uint32_t b1, EMU_AT) {
  Mma m{d, a, {b0, b1}};
  emu::warp_collective(
      ~0u, &m,
      [](void** p) EMU_RAW {
        float A[16][16], B[16][8];
        for (int l = 0; l < 32; ++l) {
          auto* x = static_cast<Mma*>(p[l]);
          int g = l / 4, t = l % 4;
          for (int i = 0; i < 8; ++i) A[g + (i / 2 % 2) * 8][2 * t + i % 2 + (i / 4) * 8] = bf16_at(x->a[i / 2], i % 2);
          for (int i = 0; i < 4; ++i) B[2 * t + i % 2 + (i / 2) * 8][g] = bf16_at(x->b[i / 2], i % 2);
        }
        for (int l = 0; l < 32; ++l) {
          auto* x = static_cast<Mma*>(p[l]);
          int g = l / 4, t = l % 4;
          for (int i = 0; i < 4; ++i) {
            int r = g + (i / 2) * 8, c = 2 * t + i % 2;
            float s = x->d[i];
            for (int k = 0; k < 16; ++k) s += A[r][k] * B[k][c];
            x->d[i] = s;
          }
        }
      },
      "mma.m16n8k16", at);
}
#endif
}  // namespace sluice::kernels::cuda::ptx
