// SPDX-License-Identifier: Apache-2.0
// Sixteen floats at a time, in the compiler's own vector types: one AVX-512 register where there are such, several
// smaller ones elsewhere.
#pragma once

#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

#include <cstdint>
#include <cstring>

#include <sluice/base/types.h>

namespace sluice::kernels::cpu {

#ifndef __clang__
// GCC warns that vectors wider than the processor's go from function to function in another way than wide ones would.
// All functions that take or return them are inline, so none is called from code for another processor.
#pragma GCC diagnostic ignored "-Wpsabi"
#endif

inline constexpr std::int64_t kVectorWidth = 16;

using Vector = float __attribute__((vector_size(64)));
using WordVector = std::uint32_t __attribute__((vector_size(64)));
using HalfVector = std::uint16_t __attribute__((vector_size(32)));

inline Vector broadcast(float value) { return value - Vector{}; }

inline Vector load(const float* from) {
  Vector vector;
  std::memcpy(&vector, from, sizeof vector);
  return vector;
}

inline Vector load(const BFloat16* from) {
  HalfVector half;
  std::memcpy(&half, &from->bits, sizeof half);
  return reinterpret_cast<Vector>(__builtin_convertvector(half, WordVector) << 16);
}

// Keeps the compiler from loading a vector anew each time that it is used.
inline void keep_in_register([[maybe_unused]] Vector& vector) {
#ifdef __AVX512F__
  asm("" : "+v"(vector));
#endif
}

inline void store(float* to, Vector vector) { std::memcpy(to, &vector, sizeof vector); }

// Rounds to nearest even; NaN stays NaN. The processor's own instruction takes denormals for zero.
inline void store(BFloat16* to, Vector vector) {
#ifdef __AVX512BF16__
  const auto half = _mm512_cvtneps_pbh(reinterpret_cast<__m512>(vector));
#else
  const auto word = reinterpret_cast<WordVector>(vector);
  const WordVector rounded = (word + 0x7fffu + ((word >> 16) & 1u)) >> 16;
  const WordVector nan = (word & 0x7fffffffu) > 0x7f800000u;
  const HalfVector half = __builtin_convertvector((rounded & ~nan) | (0x7fc0u & nan), HalfVector);
#endif
  std::memcpy(static_cast<void*>(to), &half, sizeof half);
}

// One step of transpose(): blocks of distance x distance change places across the diagonal. low...: the lanes, b's from
// 16, that the upper row of each pair takes from the pair (a, b); the lower one's lie `distance` further.
template <int distance, int... low>
inline void swap_blocks(Vector* rows) {
  for (int i = 0; i < kVectorWidth; ++i) {
    if ((i & distance) != 0) continue;
    const Vector a = rows[i], b = rows[i + distance];
    rows[i] = __builtin_shufflevector(a, b, low...);
    rows[i + distance] = __builtin_shufflevector(a, b, (low + distance)...);
  }
}

// rows[i][j] and rows[j][i] change places.
inline void transpose(Vector* rows) {
  swap_blocks<8, 0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23>(rows);
  swap_blocks<4, 0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27>(rows);
  swap_blocks<2, 0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29>(rows);
  swap_blocks<1, 0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30>(rows);
}

}  // namespace sluice::kernels::cpu
