// SPDX-License-Identifier: Apache-2.0
// The functions of one number: each with its derivative, once, for all devices and types. R is float or double, and
// int32_t too for those in IntegerFunctions; bf16 computes in float.
//
//   name         of the operation, and of its kernels
//   saved        what derivative() is a function of: the input x, the result y, or nothing
//   value(x)     y
//   derivative   dy/dx
//
// A new function is a struct here and an entry of a list at the end.
#pragma once

#include <cstdint>
#include <numbers>
#include <tuple>

#include <sluice/base/math.h>
#include <sluice/base/types.h>

namespace sluice::kernels::functions {

enum class Saved : std::uint8_t { nothing, input, result };

struct Negative {
  static constexpr const char* name = "negative";
  static constexpr Saved saved = Saved::nothing;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return -x;
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R) const {
    return R(-1);
  }
};

struct Absolute {
  static constexpr const char* name = "abs";
  static constexpr Saved saved = Saved::input;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return math::abs(x);
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R x) const {
    return math::sign(x);
  }
};

struct Sign {
  static constexpr const char* name = "sign";
  static constexpr Saved saved = Saved::nothing;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return math::sign(x);
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R) const {
    return R(0);
  }
};

struct Square {
  static constexpr const char* name = "square";
  static constexpr Saved saved = Saved::input;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return x * x;
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R x) const {
    return 2 * x;
  }
};

struct SquareRoot {
  static constexpr const char* name = "sqrt";
  static constexpr Saved saved = Saved::result;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return math::sqrt(x);
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R y) const {
    return R(0.5) / y;
  }
};

// The square root of a sum of squares: at 0 its derivative is taken as 0, as a norm's is.
struct NormRoot {
  static constexpr const char* name = "norm_root";
  static constexpr Saved saved = Saved::result;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return math::sqrt(x);
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R y) const {
    return y == 0 ? R(0) : R(0.5) / y;
  }
};

struct ReciprocalSquareRoot {
  static constexpr const char* name = "rsqrt";
  static constexpr Saved saved = Saved::result;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return R(1) / math::sqrt(x);
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R y) const {
    return R(-0.5) * y * y * y;
  }
};

struct Exponential {
  static constexpr const char* name = "exp";
  static constexpr Saved saved = Saved::result;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return math::exp(x);
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R y) const {
    return y;
  }
};

struct ExponentialMinusOne {
  static constexpr const char* name = "expm1";
  static constexpr Saved saved = Saved::result;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return math::expm1(x);
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R y) const {
    return y + R(1);
  }
};

struct Logarithm {
  static constexpr const char* name = "log";
  static constexpr Saved saved = Saved::input;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return math::log(x);
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R x) const {
    return R(1) / x;
  }
};

struct LogarithmOfOnePlus {
  static constexpr const char* name = "log1p";
  static constexpr Saved saved = Saved::input;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return math::log1p(x);
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R x) const {
    return R(1) / (x + R(1));
  }
};

struct Sine {
  static constexpr const char* name = "sin";
  static constexpr Saved saved = Saved::input;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return math::sin(x);
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R x) const {
    return math::cos(x);
  }
};

struct Cosine {
  static constexpr const char* name = "cos";
  static constexpr Saved saved = Saved::input;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return math::cos(x);
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R x) const {
    return -math::sin(x);
  }
};

struct Tanh {
  static constexpr const char* name = "tanh";
  static constexpr Saved saved = Saved::result;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return math::tanh(x);
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R y) const {
    return R(1) - y * y;
  }
};

struct ErrorFunction {
  static constexpr const char* name = "erf";
  static constexpr Saved saved = Saved::input;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return math::erf(x);
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R x) const {
    return R(2 * std::numbers::inv_sqrtpi) * math::exp(-x * x);
  }
};

// min(max(x, low), high); NaN stays NaN. The derivative is 1 between low and high, and 0 at both, as PyTorch 2.15 has
// it.
struct Clamp {
  double low, high;
  static constexpr const char* name = "clamp";
  static constexpr Saved saved = Saved::input;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    const R above = x < R(low) ? R(low) : x;
    return above > R(high) ? R(high) : above;
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R x) const {
    return x > R(low) && x < R(high) ? R(1) : R(0);
  }
};

// 1 where x is 0, else 0.
struct LogicalNot {
  static constexpr const char* name = "logical_not";
  static constexpr Saved saved = Saved::nothing;
  static constexpr bool gives_mask = true;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return x == 0 ? R(1) : R(0);
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R) const {
    return R(0);
  }
};

// Integers too.
using IntegerFunctions = std::tuple<Negative, Absolute, Sign, Square, Clamp, LogicalNot>;
using FloatFunctions = std::tuple<SquareRoot, NormRoot, ReciprocalSquareRoot, Exponential, ExponentialMinusOne,
                                  Logarithm, LogarithmOfOnePlus, Sine, Cosine, Tanh, ErrorFunction>;

}  // namespace sluice::kernels::functions
