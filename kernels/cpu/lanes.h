// SPDX-License-Identifier: Apache-2.0
// One loop over channels for every width: Lanes<Vector> takes sixteen floats at a time, Lanes<float> and Lanes<double>
// one number, the plain loops. The last channels, fewer than a vector, are a part of one.
#pragma once

#ifdef __AVX512F__
#include <immintrin.h>
#endif

#include <algorithm>
#include <type_traits>

#include <sluice/kernels/cpu/vector.h>

namespace sluice::kernels::cpu {

enum class Fill : bool { whole, part };

template <class Lanes>
inline constexpr std::int64_t kWidth = std::is_same_v<Lanes, Vector> ? kVectorWidth : 1;

// The first `count` < 16 lanes from memory, zeros in the others.
inline Vector load_part(const float* from, std::int64_t count) {
#ifdef __AVX512F__
  return reinterpret_cast<Vector>(_mm512_maskz_loadu_ps(static_cast<__mmask16>((1u << count) - 1), from));
#else
  float lanes[kVectorWidth] = {};
  std::copy_n(from, count, lanes);
  return load(lanes);
#endif
}

inline Vector load_part(const BFloat16* from, std::int64_t count) {
  BFloat16 lanes[kVectorWidth] = {};
  std::copy_n(from, count, lanes);
  return load(lanes);
}

inline void store_part(float* to, Vector vector, std::int64_t count) {
#ifdef __AVX512F__
  _mm512_mask_storeu_ps(to, static_cast<__mmask16>((1u << count) - 1), reinterpret_cast<__m512>(vector));
#else
  float lanes[kVectorWidth];
  store(lanes, vector);
  std::copy_n(lanes, count, to);
#endif
}

inline void store_part(BFloat16* to, Vector vector, std::int64_t count) {
  BFloat16 lanes[kVectorWidth];
  store(lanes, vector);
  std::copy_n(lanes, count, to);
}

template <class Lanes, Fill fill, class T>
inline Lanes read(const T* from, std::int64_t count) {
  if constexpr (!std::is_same_v<Lanes, Vector>)
    return static_cast<Lanes>(*from);
  else if constexpr (fill == Fill::whole)
    return load(from);
  else
    return load_part(from, count);
}

template <class Lanes, Fill fill, class T>
inline void write(T* to, Lanes value, std::int64_t count) {
  if constexpr (!std::is_same_v<Lanes, Vector>)
    *to = T(value);
  else if constexpr (fill == Fill::whole)
    store(to, value);
  else
    store_part(to, value, count);
}

template <class Lanes>
inline Lanes all(Master<std::conditional_t<std::is_same_v<Lanes, double>, double, float>> value) {
  if constexpr (std::is_same_v<Lanes, Vector>)
    return broadcast(value);
  else
    return value;
}

// Channels that a loop holds in registers at a time.
template <class Lanes>
inline constexpr std::int64_t kPanel = 4 * kWidth<Lanes>;

// Calls run.template operator()<vectors, fill>(channel, count) over [first, last) in runs of 4, 2 and 1 Lanes and a
// part of one; `count` is the number of channels of a part.
template <class Lanes, class Run>
void for_lanes(std::int64_t first, std::int64_t last, const Run& run) {
  constexpr std::int64_t width = kWidth<Lanes>;
  std::int64_t c = first;
  for (; c + 4 * width <= last; c += 4 * width) run.template operator()<4, Fill::whole>(c, 0);
  if (c + 2 * width <= last) {
    run.template operator()<2, Fill::whole>(c, 0);
    c += 2 * width;
  }
  if (c + width <= last) {
    run.template operator()<1, Fill::whole>(c, 0);
    c += width;
  }
  if constexpr (width > 1)
    if (c < last) run.template operator()<1, Fill::part>(c, last - c);
}

}  // namespace sluice::kernels::cpu
