// SPDX-License-Identifier: Apache-2.0
// The formulas of normalization over groups of elements, as Maps (kernels/pointwise.h); all in float or double:
//   xhat = (x - mean) inverse, y = weight xhat + bias
//   inverse = 1 / sqrt(mean over the group of (x - mean)^2 + epsilon)
// Source: Wu and He, "Group normalization", ECCV 2018, equations 1, 2 and 6.
#pragma once

#include <sluice/base/instantiate.h>
#include <sluice/base/math.h>
#include <sluice/kernels/pointwise.h>

namespace sluice::kernels {

template <int inputs_>
struct NormMap {
  static constexpr int inputs = inputs_, outputs = 1;
  static constexpr bool takes_mask = false, gives_mask = false;
};

// (x - mean)^2, from x and mean.
struct NormSquares : NormMap<2> {
  static constexpr const char* name = "norm_squares";
  template <class R>
  SLUICE_HOST_DEVICE Values<R, 1> operator()(const Values<R, 2>& in) const {
    const R centered = in[0] - in[1];
    return {{centered * centered}};
  }
};

// inverse, from the variance.
struct NormInverse : NormMap<1> {
  static constexpr const char* name = "norm_inverse";
  double epsilon;
  template <class R>
  SLUICE_HOST_DEVICE Values<R, 1> operator()(const Values<R, 1>& in) const {
    return {{R(1) / math::sqrt(in[0] + R(epsilon))}};
  }
};

// y, from x, mean, inverse, weight and bias.
struct NormForward : NormMap<5> {
  static constexpr const char* name = "norm_forward";
  template <class R>
  SLUICE_HOST_DEVICE Values<R, 1> operator()(const Values<R, 5>& in) const {
    return {{(in[0] - in[1]) * in[2] * in[3] + in[4]}};
  }
};

// dy xhat, from x, mean, inverse and dy.
struct NormProducts : NormMap<4> {
  static constexpr const char* name = "norm_products";
  template <class R>
  SLUICE_HOST_DEVICE Values<R, 1> operator()(const Values<R, 4>& in) const {
    return {{(in[0] - in[1]) * in[2] * in[3]}};
  }
};

// dx = inverse (weight dy - a - xhat b), from x, mean, inverse, dy, weight, a and b: the means over the group of weight
// dy and of weight dy xhat.
struct NormBackward : NormMap<7> {
  static constexpr const char* name = "norm_backward";
  template <class R>
  SLUICE_HOST_DEVICE Values<R, 1> operator()(const Values<R, 7>& in) const {
    const R xhat = (in[0] - in[1]) * in[2];
    return {{in[2] * (in[4] * in[3] - in[5] - xhat * in[6])}};
  }
};

// bf16 is normalized in f32.
using NormTypesOnCpu = Types<float, double>;
using NormTypesOnCuda = Types<float>;

}  // namespace sluice::kernels
