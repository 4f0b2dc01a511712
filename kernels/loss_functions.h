// SPDX-License-Identifier: Apache-2.0
// The terms of losses, in the form of kernels/functions.h and kernels/functions_of_two.h; in float and double.
#pragma once

#include <sluice/base/instantiate.h>
#include <sluice/kernels/activation_functions.h>
#include <sluice/kernels/functions_of_two.h>

namespace sluice::kernels::functions {

// d^2 / (2 beta) for |d| < beta, else |d| - beta / 2; |d| for beta = 0. Girshick, "Fast R-CNN", ICCV 2015, equation 3,
// which has beta = 1.
struct SmoothAbsolute {
  double beta;
  static constexpr const char* name = "smooth_l1";
  static constexpr Saved saved = Saved::input;
  template <class R>
  SLUICE_HOST_DEVICE R value(R d) const {
    const R size = math::abs(d);
    return size < R(beta) ? d * d / R(2 * beta) : size - R(0.5 * beta);
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R d) const {
    return math::abs(d) < R(beta) ? d / R(beta) : math::sign(d);
  }
};

// -t log sigmoid(x) - (1 - t) log(1 - sigmoid(x)) of a logit x, without overflow or cancellation.
struct BinaryCrossEntropy {
  static constexpr const char* name = "binary_cross_entropy";
  template <class R>
  SLUICE_HOST_DEVICE R value(R x, R t) const {
    return (x > 0 ? x - x * t : -x * t) + math::log1p(math::exp(-math::abs(x)));
  }
  template <class R>
  SLUICE_HOST_DEVICE Derivatives<R> derivatives(R x, R t) const {
    return {sigmoid(x) - t, -x};
  }
};

// t (log t - x) of a logarithm x of a probability; 0 for t = 0, where the derivative by t is -infinity.
struct KullbackLeibler {
  static constexpr const char* name = "kl_div";
  template <class R>
  SLUICE_HOST_DEVICE R value(R x, R t) const {
    const R term = t * (math::log(t) - x);
    return t == 0 ? R(0) : term;
  }
  template <class R>
  SLUICE_HOST_DEVICE Derivatives<R> derivatives(R x, R t) const {
    return {-t, math::log(t) + R(1) - x};
  }
};

using LossFunctions = std::tuple<SmoothAbsolute>;
using LossFunctionsOfTwo = std::tuple<BinaryCrossEntropy, KullbackLeibler>;
// Losses of bf16 are computed in f32.
using LossTypesOnCpu = Types<float, double>;
using LossTypesOnCuda = Types<float>;

}  // namespace sluice::kernels::functions
