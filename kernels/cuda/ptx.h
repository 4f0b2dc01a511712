// SPDX-License-Identifier: Apache-2.0
// Every PTX instruction that the kernels use, one thin function each with both bodies: the instruction under nvcc, its
// meaning under the emulator. The PTX ISA manual has each under the instruction's name, and the fragments of mma under
// "Matrix Fragments for mma.m16n8k16 with floating point type" and "Matrix Fragments for mma.m16n8k8".
//
// All lanes of a warp must reach an instruction of a warp (ldmatrix, movmatrix, mma) together. Fragments are spoken of
// by lane = 4 * g + t: g = lane / 4 is in 0..7, t = lane % 4 in 0..3; a 32-bit register holds two 16-bit elements, the
// lower column in the lower half.
#pragma once

#include <sluice/kernels/cuda/device.h>

#ifndef __CUDACC__
#include <sluice/emulator/warp_matrix.h>
#endif

namespace sluice::kernels::cuda::ptx {

#ifdef __CUDACC__
__device__ __forceinline__ std::uint32_t shared_address(const void* shared) {
  return static_cast<std::uint32_t>(__cvta_generic_to_shared(shared));
}
#endif

// cp.async: copies `bytes` (4, 8 or 16) from global to shared memory without passing through registers;
// only the first `valid` of them are read, zeros stand for the rest. Both addresses are multiples of `bytes`. The data
// is there for the thread after cp_async_wait, for others after a barrier behind that.
template <int bytes>
__device__ __forceinline__ void cp_async(void* shared, const void* global, int valid CALL_SITE) {
  static_assert(bytes == 4 || bytes == 8 || bytes == 16);
#ifdef __CUDACC__
  if constexpr (bytes == 16)  // past the L1 cache
    asm volatile("cp.async.cg.shared.global [%0], [%1], 16, %2;" ::"r"(shared_address(shared)), "l"(global), "r"(valid)
                 : "memory");
  else
    asm volatile("cp.async.ca.shared.global [%0], [%1], %2, %3;" ::"r"(shared_address(shared)), "l"(global), "n"(bytes),
                 "r"(valid)
                 : "memory");
#else
  emulator::copy_async(shared, global, bytes, static_cast<unsigned>(valid), at);
#endif
}

// Sixteen bytes, or sixteen zeros where not `keep`; `global` must be a valid address all the same.
__device__ __forceinline__ void cp_async16(void* shared, const void* global, bool keep CALL_SITE) {
  cp_async<16>(shared, global, keep ? 16 : 0 PASS_CALL_SITE);
}

// cp.async.commit_group: closes the group of the thread's copies since the last one.
__device__ __forceinline__ void cp_async_commit() {
#ifdef __CUDACC__
  asm volatile("cp.async.commit_group;" ::: "memory");
#else
  emulator::commit_copies();
#endif
}

// cp.async.wait_group: returns when all but the `newest` latest groups of the thread have arrived.
template <int newest>
__device__ __forceinline__ void cp_async_wait() {
#ifdef __CUDACC__
  asm volatile("cp.async.wait_group %0;" ::"n"(newest) : "memory");
#else
  emulator::wait_for_copies(newest);
#endif
}

// ldmatrix: loads `count` 8x8 matrices of 16-bit elements. Lane 8m + r gives the shared address of row r
// of matrix m, a multiple of 16. Lane (g, t) receives of each matrix row g, columns 2t and 2t + 1; transposed: rows 2t
// and 2t + 1 of column g.
__device__ __forceinline__ void ldmatrix_x1(std::uint32_t (&registers)[1], const void* row CALL_SITE) {
#ifdef __CUDACC__
  asm volatile("ldmatrix.sync.aligned.m8n8.x1.shared.b16 {%0}, [%1];"
               : "=r"(registers[0])
               : "r"(shared_address(row))
               : "memory");
#else
  emulator::load_matrices(registers, 1, row, emulator::Transpose::no, at);
#endif
}

__device__ __forceinline__ void ldmatrix_x1_trans(std::uint32_t (&registers)[1], const void* row CALL_SITE) {
#ifdef __CUDACC__
  asm volatile("ldmatrix.sync.aligned.m8n8.x1.trans.shared.b16 {%0}, [%1];"
               : "=r"(registers[0])
               : "r"(shared_address(row))
               : "memory");
#else
  emulator::load_matrices(registers, 1, row, emulator::Transpose::yes, at);
#endif
}

__device__ __forceinline__ void ldmatrix_x2(std::uint32_t (&registers)[2], const void* row CALL_SITE) {
#ifdef __CUDACC__
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.shared.b16 {%0,%1}, [%2];"
               : "=r"(registers[0]), "=r"(registers[1])
               : "r"(shared_address(row))
               : "memory");
#else
  emulator::load_matrices(registers, 2, row, emulator::Transpose::no, at);
#endif
}

__device__ __forceinline__ void ldmatrix_x2_trans(std::uint32_t (&registers)[2], const void* row CALL_SITE) {
#ifdef __CUDACC__
  asm volatile("ldmatrix.sync.aligned.m8n8.x2.trans.shared.b16 {%0,%1}, [%2];"
               : "=r"(registers[0]), "=r"(registers[1])
               : "r"(shared_address(row))
               : "memory");
#else
  emulator::load_matrices(registers, 2, row, emulator::Transpose::yes, at);
#endif
}

__device__ __forceinline__ void ldmatrix_x4(std::uint32_t (&registers)[4], const void* row CALL_SITE) {
#ifdef __CUDACC__
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(registers[0]), "=r"(registers[1]), "=r"(registers[2]), "=r"(registers[3])
               : "r"(shared_address(row))
               : "memory");
#else
  emulator::load_matrices(registers, 4, row, emulator::Transpose::no, at);
#endif
}

__device__ __forceinline__ void ldmatrix_x4_trans(std::uint32_t (&registers)[4], const void* row CALL_SITE) {
#ifdef __CUDACC__
  asm volatile("ldmatrix.sync.aligned.m8n8.x4.trans.shared.b16 {%0,%1,%2,%3}, [%4];"
               : "=r"(registers[0]), "=r"(registers[1]), "=r"(registers[2]), "=r"(registers[3])
               : "r"(shared_address(row))
               : "memory");
#else
  emulator::load_matrices(registers, 4, row, emulator::Transpose::yes, at);
#endif
}

// movmatrix: the transpose of an 8x8 matrix of 16-bit elements that lies over the warp's registers; lane
// (g, t) holds row g, columns 2t and 2t + 1, before and after.
__device__ __forceinline__ std::uint32_t movmatrix_trans(std::uint32_t matrix CALL_SITE) {
#ifdef __CUDACC__
  std::uint32_t transposed;
  asm volatile("movmatrix.sync.aligned.m8n8.trans.b16 %0, %1;" : "=r"(transposed) : "r"(matrix));
  return transposed;
#else
  return emulator::transpose_matrix(matrix, at);
#endif
}

// mma.m16n8k16 of bf16: d += a * b, a [16,16] by rows, b [16,8] by columns, d [16,8] in f32.
//   a[i]: row g + 8 * (i % 2), columns 2t + 8 * (i / 2) and the next
//   b0, b1: rows 2t + 8 * i and the next, column g
//   d[i]: row g + 8 * (i / 2), column 2t + i % 2
__device__ __forceinline__ void mma_m16n8k16(float (&d)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                                             std::uint32_t b1 CALL_SITE) {
#ifdef __CUDACC__
  asm volatile(
      "mma.sync.aligned.m16n8k16.row.col.f32.bf16.bf16.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
#else
  emulator::multiply_add_bf16(d, a, {b0, b1}, at);
#endif
}

// mma.m16n8k8 of TF32: d += a * b, a [16,8] by rows, b [8,8] by columns, d [16,8] in f32. The registers
// are floats of which the lowest 13 bits are not looked at; round them with to_tf32 first.
//   a[i]: row g + 8 * (i % 2), column t + 4 * (i / 2)
//   b0, b1: row t + 4 * i, column g
//   d[i]: row g + 8 * (i / 2), column 2t + i % 2
__device__ __forceinline__ void mma_m16n8k8_tf32(float (&d)[4], const std::uint32_t (&a)[4], std::uint32_t b0,
                                                 std::uint32_t b1 CALL_SITE) {
#ifdef __CUDACC__
  asm volatile(
      "mma.sync.aligned.m16n8k8.row.col.f32.tf32.tf32.f32 {%0,%1,%2,%3}, {%4,%5,%6,%7}, {%8,%9}, {%0,%1,%2,%3};"
      : "+f"(d[0]), "+f"(d[1]), "+f"(d[2]), "+f"(d[3])
      : "r"(a[0]), "r"(a[1]), "r"(a[2]), "r"(a[3]), "r"(b0), "r"(b1));
#else
  emulator::multiply_add_tf32(d, a, {b0, b1}, at);
#endif
}

// cvt.rna.tf32.f32: the word of a float rounded to TF32's 10 bits of fraction, ties away from zero.
__device__ __forceinline__ std::uint32_t to_tf32(std::uint32_t word) {
#ifdef __CUDACC__
  std::uint32_t rounded;
  asm("cvt.rna.tf32.f32 %0, %1;" : "=r"(rounded) : "f"(__uint_as_float(word)));
  return rounded;
#else
  return emulator::round_to_tf32(word);
#endif
}

// prefetch.global.L2: asks for the line of an address; never faults.
__device__ __forceinline__ void prefetch_l2([[maybe_unused]] const void* global) {
#ifdef __CUDACC__
  asm volatile("prefetch.global.L2 [%0];" ::"l"(global));
#endif
}

}  // namespace sluice::kernels::cuda::ptx
