// SPDX-License-Identifier: Apache-2.0
// e^x that the compiler can run on whole vectors, and what softmax needs of one row.
#pragma once

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstdint>
#include <limits>

#include <sluice/base/types.h>

namespace sluice::kernels::cpu {

// Within 2 units in the last place of e^x; overflows to infinity, underflows through the denormals, NaN stays NaN.
// e^x = 2^n e^r with n the integer nearest to x / ln 2, and e^r by its Taylor polynomial: |r| <= ln 2 / 2, so that the
// first term left out is below 6e-9. No branch, no call.
inline float exponential(float x) {
  constexpr float kLog2E = 1.44269504f;
  // Few enough bits that n times it is exact; the rest of ln 2 follows.
  constexpr float kLn2High = 0.693359375f;
  constexpr float kLn2Low = -2.12194440e-4f;
  // Adding it leaves n in the lowest bits of the sum.
  constexpr float kRounder = 12582912.0f;
  const float bounded = std::min(std::max(x, -104.0f), 89.0f);
  const float shifted = bounded * kLog2E + kRounder;
  const float n = shifted - kRounder;
  const float r = (bounded - n * kLn2High) - n * kLn2Low;
  float p = 1.0f / 5040;
  p = p * r + 1.0f / 720;
  p = p * r + 1.0f / 120;
  p = p * r + 1.0f / 24;
  p = p * r + 1.0f / 6;
  p = p * r + 0.5f;
  p = p * r + 1.0f;
  p = p * r + 1.0f;
  const auto exponent =
      static_cast<std::int32_t>(std::bit_cast<std::uint32_t>(shifted) - std::bit_cast<std::uint32_t>(kRounder));
  // In two halves: 2^n itself may be no float where the result is one.
  const std::int32_t half = exponent >> 1;
  const auto power = [](std::int32_t e) { return std::bit_cast<float>(static_cast<std::uint32_t>(e + 127) << 23); };
  return p * power(half) * power(exponent - half);
}

inline double exponential(double x) { return std::exp(x); }

template <class T>
Master<T> row_maximum(std::int64_t count, const T* x) {
  auto largest = -std::numeric_limits<Master<T>>::infinity();
#pragma omp simd reduction(max : largest)
  for (std::int64_t j = 0; j < count; ++j) largest = std::max(largest, static_cast<Master<T>>(x[j]));
  return largest;
}

// Sum of e^(x - shift).
template <class T>
Master<T> row_exponential_sum(std::int64_t count, const T* x, Master<T> shift) {
  Master<T> sum = 0;
#pragma omp simd reduction(+ : sum)
  for (std::int64_t j = 0; j < count; ++j) sum += exponential(static_cast<Master<T>>(x[j]) - shift);
  return sum;
}

}  // namespace sluice::kernels::cpu
