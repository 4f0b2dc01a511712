// SPDX-License-Identifier: Apache-2.0
// Maps (kernels/pointwise.h) of a formula for scalars that is a template over the number type (kernels/dual.h): its
// values, and the gradients of all its inputs.
#pragma once

#include <sluice/kernels/dual.h>
#include <sluice/kernels/pointwise_maps.h>

namespace sluice::kernels {

// F::name where it has one.
template <class F>
struct NameOf {
  static constexpr const char* name = [] {
    if constexpr (requires { F::name; })
      return static_cast<const char*>(F::name);
    else
      return "pointwise";
  }();
};

// y = f(x0, x1, ...)
template <class F, int n>
struct FormulaForward {
  static constexpr int inputs = n, outputs = 1;
  static constexpr const char* name = NameOf<F>::name;
  static constexpr bool takes_mask = false, gives_mask = false;
  F f;
  template <class R>
  SLUICE_HOST_DEVICE Values<R, 1> operator()(const Values<R, n>& in) const {
    return value_of(in, std::make_integer_sequence<int, n>{});
  }

 private:
  template <class R, int... i>
  SLUICE_HOST_DEVICE Values<R, 1> value_of(const Values<R, n>& in, std::integer_sequence<int, i...>) const {
    const Dual<R, 0> y = f(Dual<R, 0>(in[i])...);
    return {{y.value()}};
  }
};

// dx0, dx1, ... from x0, x1, ... and dy.
template <class F, int n>
struct FormulaBackward {
  static constexpr int inputs = n + 1, outputs = n;
  static constexpr const char* name = BackwardName<NameOf<F>>::text.data();
  static constexpr bool takes_mask = false, gives_mask = false;
  F f;
  template <class R>
  SLUICE_HOST_DEVICE Values<R, n> operator()(const Values<R, n + 1>& in) const {
    return gradients_of(in, std::make_integer_sequence<int, n>{});
  }

 private:
  template <class R, int... i>
  SLUICE_HOST_DEVICE Values<R, n> gradients_of(const Values<R, n + 1>& in, std::integer_sequence<int, i...>) const {
    const Dual<R, n> y = f(Dual<R, n>::variable(in[i], i)...);
    return {{y.slope(i) * in[n]...}};
  }
};

}  // namespace sluice::kernels
