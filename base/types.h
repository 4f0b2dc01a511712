// SPDX-License-Identifier: Apache-2.0
// Element types: what a buffer holds, and which type computes beside it.
#pragma once

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <type_traits>

#include <sluice/base/host_device.h>

namespace sluice {

enum class DType : std::uint8_t { f32, bf16, f64, u8, i32 };

// Brain floating point: the upper half of a float. Stored, never computed with: arithmetic happens in float.
struct BFloat16 {
  std::uint16_t bits = 0;

  BFloat16() = default;
  // Rounds to nearest, ties to even; NaN stays NaN.
  SLUICE_HOST_DEVICE BFloat16(float value) {
    const auto word = std::bit_cast<std::uint32_t>(value);
    const std::uint32_t rounded = (word + 0x7fffu + ((word >> 16) & 1u)) >> 16;
    const bool nan = (word & 0x7fffffffu) > 0x7f800000u;
    bits = static_cast<std::uint16_t>(nan ? 0x7fc0u : rounded);
  }
  SLUICE_HOST_DEVICE operator float() const { return std::bit_cast<float>(static_cast<std::uint32_t>(bits) << 16); }
};

template <class T>
inline constexpr DType dtype_of = [] {
  if constexpr (std::is_same_v<T, float>)
    return DType::f32;
  else if constexpr (std::is_same_v<T, BFloat16>)
    return DType::bf16;
  else if constexpr (std::is_same_v<T, double>)
    return DType::f64;
  else if constexpr (std::is_same_v<T, std::uint8_t>)
    return DType::u8;
  else {
    static_assert(std::is_same_v<T, std::int32_t>, "not an element type of Sluice");
    return DType::i32;
  }
}();

// The type of parameters, statistics, losses and sums beside activations of type T.
template <class T>
using Master = std::conditional_t<std::is_same_v<T, double>, double, float>;

constexpr DType master_dtype(DType dtype) { return dtype == DType::f64 ? DType::f64 : DType::f32; }

constexpr std::size_t size_of(DType dtype) {
  switch (dtype) {
    case DType::f64: return 8;
    case DType::f32:
    case DType::i32: return 4;
    case DType::bf16: return 2;
    case DType::u8: return 1;
  }
  return 0;
}

constexpr std::string_view name_of(DType dtype) {
  switch (dtype) {
    case DType::f64: return "f64";
    case DType::f32: return "f32";
    case DType::i32: return "i32";
    case DType::bf16: return "bf16";
    case DType::u8: return "u8";
  }
  return "?";
}

// Whether a backward kernel writes its result or adds to what is there.
enum class Accumulate : bool { no, yes };

}  // namespace sluice
