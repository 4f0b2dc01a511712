// SPDX-License-Identifier: Apache-2.0
// Numbers as NumPy writes them, alone and in the columns of an array.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::detail {

// One number: with as many digits as tell it from its neighbors; with an exponent below 1e-4 and from 1e16 on.
std::string number_text(float value);
std::string number_text(double value);
std::string number_text(std::int32_t value);

// How the numbers of an array are written, so that points and digits stand below each other.
template <class T>
class NumberColumn {
 public:
  explicit NumberColumn(const std::vector<T>& numbers);
  std::string text(T value) const;

 private:
  // Width of a whole number, or before the point with the sign; digits behind it; digits of an exponent, 0 for none.
  std::size_t before_ = 0, behind_ = 0, exponent_ = 0;
};

}  // namespace sluice::detail
