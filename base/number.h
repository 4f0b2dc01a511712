// SPDX-License-Identifier: Apache-2.0
// Numbers that come from outside, from files and command lines: every reader converts them here, where a conversion
// that C++ leaves undefined can't happen.
#pragma once

#include <charconv>
#include <cmath>
#include <cstdint>
#include <optional>
#include <string_view>
#include <system_error>

namespace sluice {

// The whole of `text` as a number of that type, in decimal digits; "inf" and "nan" are floating-point numbers. Nothing
// where it is anything else, or out of the type's range.
template <class Number>
std::optional<Number> parse_number(std::string_view text) {
  Number value{};
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) return std::nullopt;
  return value;
}

// `value` as a whole number; nothing for a fraction, NaN, an infinity or what 64 bits don't hold.
inline std::optional<std::int64_t> whole_number(double value) {
  constexpr double limit = 9223372036854775808.0;  // 2^63
  if (!(value >= -limit && value < limit) || std::trunc(value) != value) return std::nullopt;
  return static_cast<std::int64_t>(value);
}

}  // namespace sluice
