// SPDX-License-Identifier: Apache-2.0
// Flooding of one number, the loss m of a batch, group or row, as kernels/flood.h defines it; the same on every device.
#pragma once

#include <cmath>

#include <sluice/base/host_device.h>
#include <sluice/kernels/flood.h>

namespace sluice::kernels {

// m as the objective sees it.
template <class T>
struct Flooded {
  T value;
  T slope;
  bool touched;  // whether value is another number than m
};

// A NaN is in no order with the level and must not look like a zero gradient: m - level carries it on.
template <class T>
SLUICE_HOST_DEVICE T flood_sign(T m, T level) {
  return m > level ? T(1) : (m < level ? T(-1) : (m == level ? T(0) : m - level));
}

template <class T>
SLUICE_HOST_DEVICE Flooded<T> flood_hard(T m, T level) {
  if (level == 0) return {m, T(1), false};
  const bool below = m < level;
  return {below ? 2 * level - m : m, flood_sign(m, level), below};
}

template <class T>
SLUICE_HOST_DEVICE Flooded<T> flood_soft(T m, T level, T softness) {
  if (level == 0) return {m, T(1), false};
  const T u = (m - level) / softness;
  const T root = std::sqrt(1 + u * u);
  // sqrt(1 + u^2) - 1 without the difference of two numbers near 1.
  const T rho = u * u / (root + 1);
  return {level + softness * softness * rho, softness * u / root, true};
}

template <class T>
SLUICE_HOST_DEVICE Flooded<T> flood_by(const FloodRule& rule, T m, T level) {
  return rule.transform == FloodTransform::hard ? flood_hard(m, level)
                                                : flood_soft(m, level, static_cast<T>(rule.softness));
}

}  // namespace sluice::kernels
