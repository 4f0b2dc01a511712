// SPDX-License-Identifier: Apache-2.0
// Activations, in the form of kernels/functions.h. Their definitions and sources:
//
//   relu        max(x, 0); its derivative at 0 is 0
//   leaky_relu  x for x > 0, else slope x (Maas, Hannun and Ng, 2013)
//   elu         x for x > 0, else alpha (e^x - 1) (Clevert, Unterthiner and Hochreiter, 2015)
//   gelu        x Phi(x), by erf (Hendrycks and Gimpel, 2016)
//   gelu_tanh   x (1 + tanh(u)) / 2 with u = sqrt(2/pi) (x + 0.044715 x^3) (ibid.), which is x sigmoid(2 u)
//   sigmoid     1 / (1 + e^-x)
//   silu        x sigmoid(x) (Elfwing, Uchibe and Doya, 2017, eq. 5)
//   softplus    log(1 + e^x)
//   mish        x tanh(softplus(x)) (Misra, 2019)
//   hardswish   x min(max(x + 3, 0), 6) / 6 (Howard et al., 2019); derivative 0 at -3 and 1 at 3
#pragma once

#include <sluice/kernels/functions.h>

namespace sluice::kernels::functions {

template <class R>
SLUICE_HOST_DEVICE inline R normal_cdf(R x) {
  return R(0.5) * math::erfc(-x * R(std::numbers::sqrt2 / 2));
}

template <class R>
SLUICE_HOST_DEVICE inline R sigmoid(R x) {
  return R(1) / (R(1) + math::exp(-x));
}

template <class R>
SLUICE_HOST_DEVICE inline R softplus(R x) {
  return math::log1p(math::exp(-math::abs(x))) + (x > 0 ? x : x == x ? R(0) : x);
}

struct Relu {
  static constexpr const char* name = "relu";
  static constexpr Saved saved = Saved::result;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return x < 0 ? R(0) : x + R(0);  // NaN stays NaN, -0 becomes 0
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R y) const {
    return y > 0 ? R(1) : R(0);
  }
};

struct LeakyRelu {
  double slope;
  static constexpr const char* name = "leaky_relu";
  static constexpr Saved saved = Saved::input;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return x > 0 ? x : R(slope) * x;
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R x) const {
    return x > 0 ? R(1) : R(slope);
  }
};

struct Elu {
  double alpha;
  static constexpr const char* name = "elu";
  static constexpr Saved saved = Saved::input;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    const R below = R(alpha) * math::expm1(x);
    return x > 0 ? x : below;
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R x) const {
    const R below = R(alpha) * math::exp(x);
    return x > 0 ? R(1) : below;
  }
};

struct Gelu {
  static constexpr const char* name = "gelu";
  static constexpr Saved saved = Saved::input;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return x * normal_cdf(x);
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R x) const {
    return normal_cdf(x) + x * math::exp(R(-0.5) * x * x) * R(std::numbers::inv_sqrtpi / std::numbers::sqrt2);
  }
};

struct GeluTanh {
  static constexpr const char* name = "gelu_tanh";
  static constexpr Saved saved = Saved::input;
  static constexpr double scale = std::numbers::sqrt2 * std::numbers::inv_sqrtpi, cubic = 0.044715;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return x * sigmoid(R(2 * scale) * (x + R(cubic) * x * x * x));
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R x) const {
    const R s = sigmoid(R(2 * scale) * (x + R(cubic) * x * x * x));
    return s + x * s * (R(1) - s) * R(2 * scale) * (R(1) + R(3 * cubic) * x * x);
  }
};

struct Sigmoid {
  static constexpr const char* name = "sigmoid";
  static constexpr Saved saved = Saved::result;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return sigmoid(x);
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R y) const {
    return y * (R(1) - y);
  }
};

struct Silu {
  static constexpr const char* name = "silu";
  static constexpr Saved saved = Saved::input;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return x * sigmoid(x);
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R x) const {
    const R s = sigmoid(x);
    return s * (R(1) + x * (R(1) - s));
  }
};

struct Softplus {
  static constexpr const char* name = "softplus";
  static constexpr Saved saved = Saved::input;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return softplus(x);
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R x) const {
    return sigmoid(x);
  }
};

struct Mish {
  static constexpr const char* name = "mish";
  static constexpr Saved saved = Saved::input;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return x * math::tanh(softplus(x));
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R x) const {
    const R t = math::tanh(softplus(x));
    return t + x * sigmoid(x) * (R(1) - t * t);
  }
};

struct Hardswish {
  static constexpr const char* name = "hardswish";
  static constexpr Saved saved = Saved::input;
  template <class R>
  SLUICE_HOST_DEVICE R value(R x) const {
    return x <= R(-3) ? R(0) : x >= R(3) ? x : x * (x + R(3)) / R(6);
  }
  template <class R>
  SLUICE_HOST_DEVICE R derivative(R x) const {
    return x <= R(-3) ? R(0) : x >= R(3) ? R(1) : x / R(3) + R(0.5);
  }
};

using ActivationFunctions = std::tuple<Relu, LeakyRelu, Elu, Gelu, GeluTanh, Sigmoid, Silu, Softplus, Mish, Hardswish>;

}  // namespace sluice::kernels::functions
