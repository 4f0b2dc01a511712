// SPDX-License-Identifier: Apache-2.0
// The functions of two numbers, in the form of kernels/functions.h; derivatives() gives those by a and by b. A function
// with one operand the same everywhere is WithRight or WithLeft, a function of one number.
#pragma once

#include <sluice/kernels/functions.h>

namespace sluice::kernels::functions {

template <class R>
struct Derivatives {
  R a, b;
};

struct Add {
  static constexpr const char* name = "add";
  template <class R>
  SLUICE_HOST_DEVICE R value(R a, R b) const {
    return a + b;
  }
  template <class R>
  SLUICE_HOST_DEVICE Derivatives<R> derivatives(R, R) const {
    return {R(1), R(1)};
  }
};

struct Subtract {
  static constexpr const char* name = "subtract";
  template <class R>
  SLUICE_HOST_DEVICE R value(R a, R b) const {
    return a - b;
  }
  template <class R>
  SLUICE_HOST_DEVICE Derivatives<R> derivatives(R, R) const {
    return {R(1), R(-1)};
  }
};

struct Multiply {
  static constexpr const char* name = "multiply";
  template <class R>
  SLUICE_HOST_DEVICE R value(R a, R b) const {
    return a * b;
  }
  template <class R>
  SLUICE_HOST_DEVICE Derivatives<R> derivatives(R a, R b) const {
    return {b, a};
  }
};

struct Divide {
  static constexpr const char* name = "divide";
  template <class R>
  SLUICE_HOST_DEVICE R value(R a, R b) const {
    return a / b;
  }
  template <class R>
  SLUICE_HOST_DEVICE Derivatives<R> derivatives(R a, R b) const {
    return {R(1) / b, -(a / b) / b};
  }
};

// a^b. By a, b a^(b-1), which is 0 for b = 0; by b, a^b log a, which is 0 for a = 0 and b >= 0.
struct Power {
  static constexpr const char* name = "pow";
  template <class R>
  SLUICE_HOST_DEVICE R value(R a, R b) const {
    return math::pow(a, b);
  }
  template <class R>
  SLUICE_HOST_DEVICE Derivatives<R> derivatives(R a, R b) const {
    const R by_a = b * math::pow(a, b - R(1));
    const R by_b = math::pow(a, b) * math::log(a);
    return {b == 0 ? R(0) : by_a, a == 0 && b >= 0 ? R(0) : by_b};
  }
};

// NaN where one is NaN; of equal operands each has half of the derivative, as PyTorch has it.
struct Maximum {
  static constexpr const char* name = "maximum";
  template <class R>
  SLUICE_HOST_DEVICE R value(R a, R b) const {
    return math::maximum(a, b);
  }
  template <class R>
  SLUICE_HOST_DEVICE Derivatives<R> derivatives(R a, R b) const {
    return {a > b ? R(1) : a == b ? R(0.5) : R(0), a < b ? R(1) : a == b ? R(0.5) : R(0)};
  }
};

struct Minimum {
  static constexpr const char* name = "minimum";
  template <class R>
  SLUICE_HOST_DEVICE R value(R a, R b) const {
    return math::minimum(a, b);
  }
  template <class R>
  SLUICE_HOST_DEVICE Derivatives<R> derivatives(R a, R b) const {
    return {a < b ? R(1) : a == b ? R(0.5) : R(0), a > b ? R(1) : a == b ? R(0.5) : R(0)};
  }
};

// What compares gives a mask: 1 or 0, of type u8, without a gradient.
struct Comparison {
  static constexpr bool gives_mask = true;
  template <class R>
  SLUICE_HOST_DEVICE Derivatives<R> derivatives(R, R) const {
    return {R(0), R(0)};
  }
};

struct Equal : Comparison {
  static constexpr const char* name = "equal";
  template <class R>
  SLUICE_HOST_DEVICE R value(R a, R b) const {
    return a == b ? R(1) : R(0);
  }
};

struct NotEqual : Comparison {
  static constexpr const char* name = "not_equal";
  template <class R>
  SLUICE_HOST_DEVICE R value(R a, R b) const {
    return a != b ? R(1) : R(0);
  }
};

struct Less : Comparison {
  static constexpr const char* name = "less";
  template <class R>
  SLUICE_HOST_DEVICE R value(R a, R b) const {
    return a < b ? R(1) : R(0);
  }
};

struct LessEqual : Comparison {
  static constexpr const char* name = "less_equal";
  template <class R>
  SLUICE_HOST_DEVICE R value(R a, R b) const {
    return a <= b ? R(1) : R(0);
  }
};

struct LogicalAnd : Comparison {
  static constexpr const char* name = "logical_and";
  template <class R>
  SLUICE_HOST_DEVICE R value(R a, R b) const {
    return a != 0 && b != 0 ? R(1) : R(0);
  }
};

struct LogicalOr : Comparison {
  static constexpr const char* name = "logical_or";
  template <class R>
  SLUICE_HOST_DEVICE R value(R a, R b) const {
    return a != 0 || b != 0 ? R(1) : R(0);
  }
};

struct LogicalXor : Comparison {
  static constexpr const char* name = "logical_xor";
  template <class R>
  SLUICE_HOST_DEVICE R value(R a, R b) const {
    return (a != 0) != (b != 0) ? R(1) : R(0);
  }
};

// f(x, right): the derivative by x needs x, except where f is linear in it.
template <class F>
inline constexpr Saved kSavedBesideScalar = Saved::input;
template <>
inline constexpr Saved kSavedBesideScalar<Add> = Saved::nothing;
template <>
inline constexpr Saved kSavedBesideScalar<Multiply> = Saved::nothing;

template <class F>
struct WithRight {
  double right;
  static constexpr const char* name = F::name;
  static constexpr Saved saved = kSavedBesideScalar<F>;
  static constexpr bool gives_mask = std::is_base_of_v<Comparison, F>;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return F{}.value(x, R(right));
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R x) const {
    return F{}.derivatives(x, R(right)).a;
  }
};

template <class F>
struct WithLeft {
  double left;
  static constexpr const char* name = F::name;
  static constexpr Saved saved = kSavedBesideScalar<F>;
  static constexpr bool gives_mask = std::is_base_of_v<Comparison, F>;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return F{}.value(R(left), x);
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R x) const {
    return F{}.derivatives(R(left), x).b;
  }
};

// Integers too.
using IntegerFunctionsOfTwo = std::tuple<Add, Subtract, Multiply, Maximum, Minimum, Equal, NotEqual, Less, LessEqual,
                                         LogicalAnd, LogicalOr, LogicalXor>;
using FloatFunctionsOfTwo = std::tuple<Divide, Power>;
// Those whose derivatives need a pass over both operands.
using DifferentiableFunctionsOfTwo = std::tuple<Multiply, Divide, Power, Maximum, Minimum>;
// a - s is a + (-s), a > s is s < a, and so on. Integers too, where s is a whole number.
using IntegerFunctionsWithScalar =
    std::tuple<WithRight<Add>, WithRight<Multiply>, WithLeft<Subtract>, WithRight<Maximum>, WithRight<Minimum>,
               WithRight<Equal>, WithRight<NotEqual>, WithRight<Less>, WithRight<LessEqual>, WithLeft<Less>,
               WithLeft<LessEqual>>;
using FloatFunctionsWithScalar = std::tuple<WithRight<Divide>, WithLeft<Divide>, WithRight<Power>, WithLeft<Power>>;

}  // namespace sluice::kernels::functions
