// SPDX-License-Identifier: Apache-2.0
#include <sluice/base/philox.h>

#include <cmath>
#include <numbers>

namespace sluice {

double PhiloxStream::next_normal() {
  const double radius_word = (static_cast<double>(next()) + 0.5) * 0x1p-32;
  const double angle_word = (static_cast<double>(next()) + 0.5) * 0x1p-32;
  return std::sqrt(-2.0 * std::log(radius_word)) * std::cos(2.0 * std::numbers::pi * angle_word);
}

}  // namespace sluice
