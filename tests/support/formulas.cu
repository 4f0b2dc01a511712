// SPDX-License-Identifier: Apache-2.0
#include "tests/support/formulas.h"

#include <sluice/core/ops/pointwise.h>

namespace sluice::test {
namespace {

struct Focal {
  static constexpr const char* name = "focal";
  double gamma;
  template <class N>
  SLUICE_HOST_DEVICE N operator()(N x, N target) const {
    const N p = sigmoid(x);
    return target * pow(1 - p, gamma) * softplus(-x) + (1 - target) * pow(p, gamma) * softplus(x);
  }
};

struct Gate {
  static constexpr const char* name = "gate";
  template <class N>
  SLUICE_HOST_DEVICE N operator()(N a, N b) const {
    return tanh(a) * sigmoid(b);
  }
};

struct Gaussian {
  template <class N>
  SLUICE_HOST_DEVICE N operator()(N x, N mean, N log_variance) const {
    return 0.5 * (log_variance + square(x - mean) * exp(-log_variance));
  }
};

struct Polynomial {
  template <class N>
  SLUICE_HOST_DEVICE N operator()(N x, N c0, N c1, N c2, N c3, N c4, N c5) const {
    N sum = c5;
    for (const N& c : {c4, c3, c2, c1, c0}) {
      sum *= x;
      sum += c;
    }
    return sum;
  }
};

struct RootTimes {
  template <class N>
  SLUICE_HOST_DEVICE N operator()(N x, N y) const {
    return sqrt(x) * y;
  }
};

struct OwnGelu {
  static constexpr const char* name = "own_gelu";
  template <class N>
  SLUICE_HOST_DEVICE N operator()(N x) const {
    return gelu(x);
  }
};

struct OfOne {
  int which;
  template <class N>
  SLUICE_HOST_DEVICE N operator()(N x) const {
    switch (which) {
      case 0: return -x;
      case 1: return abs(x);
      case 2: return square(x);
      case 3: return sqrt(x);
      case 4: return rsqrt(x);
      case 5: return exp(x);
      case 6: return expm1(x);
      case 7: return log(x);
      case 8: return log1p(x);
      case 9: return sin(x);
      case 10: return cos(x);
      case 11: return tanh(x);
      case 12: return erf(x);
      case 13: return clamp(x, 0.5, 2);
      case 14: return sign(x);
      case 15: return relu(x);
      case 16: return leaky_relu(x, 0.2);
      case 17: return elu(x, 0.7);
      case 18: return gelu(x);
      case 19: return gelu_tanh(x);
      case 20: return sigmoid(x);
      case 21: return silu(x);
      case 22: return softplus(x);
      case 23: return mish(x);
      default: return hardswish(x);
    }
  }
};

struct OfTwo {
  int which;
  template <class N>
  SLUICE_HOST_DEVICE N operator()(N a, N b) const {
    switch (which) {
      case 0: return a + b;
      case 1: return a - b;
      case 2: return a * b;
      case 3: return a / b;
      case 4: return pow(a, b);
      case 5: return max(a, b);
      case 6: return min(a, b);
      default: return where(a < b, a, b);
    }
  }
};

}  // namespace

Variable focal(const Variable& x, const Variable& target, double gamma) {
  return ops::pointwise(Focal{gamma}, x, target);
}
Variable gate(const Variable& a, const Variable& b) { return ops::pointwise(Gate{}, a, b); }
Variable gaussian(const Variable& x, const Variable& mean, const Variable& log_variance) {
  return ops::pointwise(Gaussian{}, x, mean, log_variance);
}
Variable polynomial(const Variable& x, const std::vector<Variable>& c) {
  return ops::pointwise(Polynomial{}, x, c[0], c[1], c[2], c[3], c[4], c[5]);
}
Variable root_times(const Variable& x, const Variable& y) { return ops::pointwise(RootTimes{}, x, y); }
Variable own_gelu(const Variable& x) { return ops::pointwise(OwnGelu{}, x); }
Variable of_one(int which, const Variable& x) { return ops::pointwise(OfOne{which}, x); }
Variable of_two(int which, const Variable& a, const Variable& b) { return ops::pointwise(OfTwo{which}, a, b); }

}  // namespace sluice::test
