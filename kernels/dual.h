// SPDX-License-Identifier: Apache-2.0
// Dual numbers: a value and its derivatives by n variables, which every operation carries along by the chain rule
// (Clifford, 1873; forward-mode automatic differentiation). With n = 0 they are plain numbers with the same functions.
// Values and derivatives are those of kernels/functions.h.
//
// A formula for scalars is a template over the number type, and names no namespace for the functions below:
//
//   template <class N>
//   N operator()(N p, N target) const { return -pow(1 - p, gamma) * target * log(p); }
//
// A derivative by a variable on which a term does not depend is 0 there, also where the function's own derivative is
// infinite: d/dy of sqrt(x) y is sqrt(x) at x = 0.
#pragma once

#include <type_traits>
#include <utility>

#include <sluice/kernels/activation_functions.h>
#include <sluice/kernels/functions_of_two.h>

namespace sluice::kernels {

// R is float or double; n >= 0.
template <class R, int n>
class Dual {
 public:
  Dual() = default;
  // A constant. Numbers of other types are converted, so that formulas may hold literals.
  template <class Number, class = std::enable_if_t<std::is_arithmetic_v<Number>>>
  SLUICE_HOST_DEVICE Dual(Number constant) : value_(static_cast<R>(constant)) {}
  // Variable number k, in [0, n).
  SLUICE_HOST_DEVICE static Dual variable(R value, int k) {
    Dual result(value);
    result.slopes_[k] = R(1);
    return result;
  }

  SLUICE_HOST_DEVICE R value() const { return value_; }
  // The derivative by variable k.
  SLUICE_HOST_DEVICE R slope(int k) const { return slopes_[k]; }

  friend SLUICE_HOST_DEVICE Dual operator+(Dual a, Dual b) { return of(functions::Add{}, a, b); }
  friend SLUICE_HOST_DEVICE Dual operator-(Dual a, Dual b) { return of(functions::Subtract{}, a, b); }
  friend SLUICE_HOST_DEVICE Dual operator*(Dual a, Dual b) { return of(functions::Multiply{}, a, b); }
  friend SLUICE_HOST_DEVICE Dual operator/(Dual a, Dual b) { return of(functions::Divide{}, a, b); }
  friend SLUICE_HOST_DEVICE Dual operator+(Dual x) { return x; }
  friend SLUICE_HOST_DEVICE Dual operator-(Dual x) { return of(functions::Negative{}, x); }
  SLUICE_HOST_DEVICE Dual& operator+=(Dual b) { return *this = *this + b; }
  SLUICE_HOST_DEVICE Dual& operator-=(Dual b) { return *this = *this - b; }
  SLUICE_HOST_DEVICE Dual& operator*=(Dual b) { return *this = *this * b; }
  SLUICE_HOST_DEVICE Dual& operator/=(Dual b) { return *this = *this / b; }

  // Of the values.
  friend SLUICE_HOST_DEVICE bool operator==(Dual a, Dual b) { return a.value_ == b.value_; }
  friend SLUICE_HOST_DEVICE bool operator<(Dual a, Dual b) { return a.value_ < b.value_; }
  friend SLUICE_HOST_DEVICE bool operator<=(Dual a, Dual b) { return a.value_ <= b.value_; }
  friend SLUICE_HOST_DEVICE bool operator>(Dual a, Dual b) { return a.value_ > b.value_; }
  friend SLUICE_HOST_DEVICE bool operator>=(Dual a, Dual b) { return a.value_ >= b.value_; }

  // a where the condition holds, else b. Both are computed, which lets a compiler make vectors of it.
  friend SLUICE_HOST_DEVICE Dual where(bool condition, Dual a, Dual b) {
    Dual result(condition ? a.value_ : b.value_);
    result.follow(AllVariables{}, [&](int k) { return condition ? a.slopes_[k] : b.slopes_[k]; });
    return result;
  }

  friend SLUICE_HOST_DEVICE Dual max(Dual a, Dual b) { return of(functions::Maximum{}, a, b); }
  friend SLUICE_HOST_DEVICE Dual min(Dual a, Dual b) { return of(functions::Minimum{}, a, b); }
  friend SLUICE_HOST_DEVICE Dual pow(Dual a, Dual b) { return of(functions::Power{}, a, b); }
  friend SLUICE_HOST_DEVICE Dual clamp(Dual x, double low, double high) { return of(functions::Clamp{low, high}, x); }
  friend SLUICE_HOST_DEVICE Dual abs(Dual x) { return of(functions::Absolute{}, x); }
  friend SLUICE_HOST_DEVICE Dual sign(Dual x) { return of(functions::Sign{}, x); }
  friend SLUICE_HOST_DEVICE Dual square(Dual x) { return of(functions::Square{}, x); }
  friend SLUICE_HOST_DEVICE Dual sqrt(Dual x) { return of(functions::SquareRoot{}, x); }
  friend SLUICE_HOST_DEVICE Dual rsqrt(Dual x) { return of(functions::ReciprocalSquareRoot{}, x); }
  friend SLUICE_HOST_DEVICE Dual exp(Dual x) { return of(functions::Exponential{}, x); }
  friend SLUICE_HOST_DEVICE Dual expm1(Dual x) { return of(functions::ExponentialMinusOne{}, x); }
  friend SLUICE_HOST_DEVICE Dual log(Dual x) { return of(functions::Logarithm{}, x); }
  friend SLUICE_HOST_DEVICE Dual log1p(Dual x) { return of(functions::LogarithmOfOnePlus{}, x); }
  friend SLUICE_HOST_DEVICE Dual sin(Dual x) { return of(functions::Sine{}, x); }
  friend SLUICE_HOST_DEVICE Dual cos(Dual x) { return of(functions::Cosine{}, x); }
  friend SLUICE_HOST_DEVICE Dual tanh(Dual x) { return of(functions::Tanh{}, x); }
  friend SLUICE_HOST_DEVICE Dual erf(Dual x) { return of(functions::ErrorFunction{}, x); }
  friend SLUICE_HOST_DEVICE Dual relu(Dual x) { return of(functions::Relu{}, x); }
  friend SLUICE_HOST_DEVICE Dual leaky_relu(Dual x, double slope) { return of(functions::LeakyRelu{slope}, x); }
  friend SLUICE_HOST_DEVICE Dual elu(Dual x, double alpha) { return of(functions::Elu{alpha}, x); }
  friend SLUICE_HOST_DEVICE Dual gelu(Dual x) { return of(functions::Gelu{}, x); }
  friend SLUICE_HOST_DEVICE Dual gelu_tanh(Dual x) { return of(functions::GeluTanh{}, x); }
  friend SLUICE_HOST_DEVICE Dual sigmoid(Dual x) { return of(functions::Sigmoid{}, x); }
  friend SLUICE_HOST_DEVICE Dual silu(Dual x) { return of(functions::Silu{}, x); }
  friend SLUICE_HOST_DEVICE Dual softplus(Dual x) { return of(functions::Softplus{}, x); }
  friend SLUICE_HOST_DEVICE Dual mish(Dual x) { return of(functions::Mish{}, x); }
  friend SLUICE_HOST_DEVICE Dual hardswish(Dual x) { return of(functions::Hardswish{}, x); }

 private:
  using AllVariables = std::make_integer_sequence<int, n>;

  // By the chain rule; what does not depend on a variable stays without.
  SLUICE_HOST_DEVICE static R chain(R derivative, R slope) { return slope == 0 ? R(0) : derivative * slope; }

  template <class F>
  SLUICE_HOST_DEVICE static Dual of(const F& f, Dual x) {
    Dual y(f.value(x.value_));
    if constexpr (n > 0) {
      const R derivative = f.derivative(F::saved == functions::Saved::result ? y.value_ : x.value_);
      y.follow(AllVariables{}, [&](int k) { return chain(derivative, x.slopes_[k]); });
    }
    return y;
  }

  template <class F>
  SLUICE_HOST_DEVICE static Dual of(const F& f, Dual a, Dual b) {
    Dual y(f.value(a.value_, b.value_));
    if constexpr (n > 0) {
      const functions::Derivatives<R> by = f.derivatives(a.value_, b.value_);
      y.follow(AllVariables{}, [&](int k) { return chain(by.a, a.slopes_[k]) + chain(by.b, b.slopes_[k]); });
    }
    return y;
  }

  // No loop: compilers make vectors of loops over Duals only where each slope is a variable to them.
  template <class SlopeBy, int... k>
  SLUICE_HOST_DEVICE void follow(std::integer_sequence<int, k...>, const SlopeBy& slope_by) {
    ((slopes_[k] = slope_by(k)), ...);
  }

  R value_{};
  R slopes_[n > 0 ? n : 1]{};
};

}  // namespace sluice::kernels
