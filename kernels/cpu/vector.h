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

// rows[i][j] and rows[j][i] change places: in each step, blocks of half the size across the diagonal.
inline void transpose(Vector* rows) {
  const auto swap = [rows](int distance, WordVector low, WordVector high) {
    for (int i = 0; i < kVectorWidth; ++i) {
      if ((i & distance) != 0) continue;
      const Vector a = rows[i], b = rows[i + distance];
      rows[i] = __builtin_shuffle(a, b, low);
      rows[i + distance] = __builtin_shuffle(a, b, high);
    }
  };
  swap(8, WordVector{0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23},
       WordVector{8, 9, 10, 11, 12, 13, 14, 15, 24, 25, 26, 27, 28, 29, 30, 31});
  swap(4, WordVector{0, 1, 2, 3, 16, 17, 18, 19, 8, 9, 10, 11, 24, 25, 26, 27},
       WordVector{4, 5, 6, 7, 20, 21, 22, 23, 12, 13, 14, 15, 28, 29, 30, 31});
  swap(2, WordVector{0, 1, 16, 17, 4, 5, 20, 21, 8, 9, 24, 25, 12, 13, 28, 29},
       WordVector{2, 3, 18, 19, 6, 7, 22, 23, 10, 11, 26, 27, 14, 15, 30, 31});
  swap(1, WordVector{0, 16, 2, 18, 4, 20, 6, 22, 8, 24, 10, 26, 12, 28, 14, 30},
       WordVector{1, 17, 3, 19, 5, 21, 7, 23, 9, 25, 11, 27, 13, 29, 15, 31});
}

}  // namespace sluice::kernels::cpu
