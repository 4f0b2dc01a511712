// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/detail/number_text.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <type_traits>

namespace sluice::detail {
namespace {

// Digits behind the point.
constexpr int kPrecision = 8;

struct Decimal {
  bool negative = false;
  std::string digits;  // of which the first is not 0, but for the number 0
  int exponent = 0;    // of the first digit
};

// "d.ddde+XX" taken apart; without zeros at the end.
Decimal taken_apart(const std::string& text) {
  Decimal decimal;
  decimal.negative = text[0] == '-';
  const std::size_t e = text.find('e');
  for (const char c : text.substr(0, e))
    if (c >= '0' && c <= '9') decimal.digits += c;
  decimal.digits.erase(std::max<std::size_t>(1, decimal.digits.find_last_not_of('0') + 1));
  decimal.exponent = std::stoi(text.substr(e + 1));
  return decimal;
}

template <class T, class... Format>
std::string converted(T value, Format... format) {
  std::array<char, 512> buffer;
  const auto result = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format...);
  return {buffer.data(), result.ptr};
}

// As many digits as tell the value from its neighbors.
template <class T>
Decimal shortest(T value) {
  return taken_apart(converted(value, std::chars_format::scientific));
}

// "ddd.ddd": the point is always there.
std::string positional(const Decimal& d) {
  std::string text = d.digits;
  if (d.exponent < 0)
    text.insert(0, static_cast<std::size_t>(-d.exponent), '0');
  else if (static_cast<std::size_t>(d.exponent) >= text.size())
    text.append(static_cast<std::size_t>(d.exponent) + 1 - text.size(), '0');
  text.insert(static_cast<std::size_t>(std::max(d.exponent, 0)) + 1, 1, '.');
  return (d.negative ? "-" : "") + text;
}

// "d.ddde+XX", with at least so many digits in the exponent.
std::string scientific(const Decimal& d, std::size_t exponent_digits) {
  std::string exponent = std::to_string(std::abs(d.exponent));
  if (exponent.size() < exponent_digits) exponent.insert(0, exponent_digits - exponent.size(), '0');
  return (d.negative ? "-" : "") + d.digits.substr(0, 1) + "." + d.digits.substr(1) + (d.exponent < 0 ? "e-" : "e+") +
         exponent;
}

// "ddd.ddd" with at most kPrecision digits behind the point, and no zeros at the end.
template <class T>
std::string bounded_positional(T value) {
  const std::string text = positional(shortest(value));
  if (text.size() - text.find('.') - 1 <= kPrecision) return text;
  const std::string cut = converted(value, std::chars_format::fixed, kPrecision);
  return cut.substr(0, cut.find_last_not_of('0') + 1);
}

template <class T>
Decimal bounded_scientific(T value) {
  const Decimal decimal = shortest(value);
  if (decimal.digits.size() - 1 <= kPrecision) return decimal;
  return taken_apart(converted(value, std::chars_format::scientific, kPrecision));
}

template <class T>
std::string special(T value) {
  return std::isnan(value) ? "nan" : value < 0 ? "-inf" : "inf";
}

template <class T>
std::string alone(T value) {
  if (!std::isfinite(value)) return special(value);
  const T size = std::abs(value);
  if (size != 0 && (size < T(1e-4) || size >= T(1e16))) {
    std::string text = scientific(shortest(value), 2);
    if (const std::size_t bare = text.find(".e"); bare != std::string::npos) text.erase(bare, 1);
    return text;
  }
  const std::string text = positional(shortest(value));
  return text.back() == '.' ? text + "0" : text;
}

std::string padded(std::size_t width, std::string text) {
  if (text.size() < width) text.insert(0, width - text.size(), ' ');
  return text;
}

}  // namespace

std::string number_text(float value) { return alone(value); }
std::string number_text(double value) { return alone(value); }
std::string number_text(std::int32_t value) { return std::to_string(value); }

template <class T>
NumberColumn<T>::NumberColumn(const std::vector<T>& numbers) {
  if constexpr (std::is_integral_v<T>) {
    for (const T value : numbers) before_ = std::max(before_, std::to_string(value).size());
  } else {
    T largest = 0, smallest = std::numeric_limits<T>::infinity();
    for (const T value : numbers)
      if (std::isfinite(value) && value != 0) {
        largest = std::max(largest, std::abs(value));
        smallest = std::min(smallest, std::abs(value));
      }
    const T most = std::is_same_v<T, float> ? T(1e6) : T(1e8);
    const bool wide = largest > 0 && (largest >= most || smallest < T(0.0001) || largest / smallest > T(1000));
    for (const T value : numbers) {
      if (!std::isfinite(value)) continue;
      const std::string text = wide ? scientific(bounded_scientific(value), 2) : bounded_positional(value);
      const std::size_t point = text.find('.'), end = std::min(text.find('e'), text.size());
      before_ = std::max(before_, point);
      behind_ = std::max(behind_, end - point - 1);
      if (wide) exponent_ = std::max(exponent_, text.size() - end - 2);
    }
    // The words for what is no number take the point's place as well.
    const std::size_t rest = behind_ + 1 + (exponent_ > 0 ? exponent_ + 2 : 0);
    for (const T value : numbers)
      if (const std::size_t length = special(value).size(); !std::isfinite(value) && length > rest)
        before_ = std::max(before_, length - rest);
  }
}

template <class T>
std::string NumberColumn<T>::text(T value) const {
  if constexpr (std::is_integral_v<T>) {
    return padded(before_, std::to_string(value));
  } else {
    const std::size_t tail = exponent_ > 0 ? exponent_ + 2 : 0;
    if (!std::isfinite(value)) return padded(before_ + 1 + behind_ + tail, special(value));
    if (exponent_ > 0) {
      Decimal decimal = bounded_scientific(value);
      decimal.digits.resize(behind_ + 1, '0');
      return padded(before_ + 1 + behind_ + tail, scientific(decimal, exponent_));
    }
    std::string text = bounded_positional(value);
    const std::size_t behind = text.size() - text.find('.') - 1;
    text.append(behind_ - behind, ' ');
    return padded(before_ + 1 + behind_, text);
  }
}

template class NumberColumn<float>;
template class NumberColumn<double>;
template class NumberColumn<std::int32_t>;
template class NumberColumn<std::uint8_t>;

}  // namespace sluice::detail
