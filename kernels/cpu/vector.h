// SPDX-License-Identifier: Apache-2.0
// Sixteen floats at a time, in the compiler's own vector types: one AVX-512 register where there are such, several
// smaller ones elsewhere.
#pragma once

#ifdef __AVX512BF16__
#include <immintrin.h>
#endif

#include <cstdint>
#include <cstring>

#include "kernels/base/types.h"

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

}  // namespace sluice::kernels::cpu
