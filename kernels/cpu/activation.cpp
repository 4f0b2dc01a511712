// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/activation.h>

#include <cmath>
#include <numbers>

#include <sluice/kernels/cpu/parallel.h>

namespace sluice::kernels::cpu {
namespace {

template <class R>
R normal_cdf(R x) {
  return R(0.5) * std::erfc(-x * R(std::numbers::sqrt2 / 2));
}

template <class R>
R sigmoid(R x) {
  return R(1) / (R(1) + std::exp(-x));
}

template <Activation kind, class R>
R value(R x) {
  if constexpr (kind == Activation::relu) return x > 0 ? x : (x == x ? R(0) : x);
  if constexpr (kind == Activation::gelu) return x * normal_cdf(x);
  if constexpr (kind == Activation::silu) return x * sigmoid(x);
}

template <Activation kind, class R>
R derivative(R saved) {
  if constexpr (kind == Activation::relu) return saved > 0 ? R(1) : R(0);
  if constexpr (kind == Activation::gelu) {
    const R density = std::exp(R(-0.5) * saved * saved) * R(std::numbers::inv_sqrtpi / std::numbers::sqrt2);
    return normal_cdf(saved) + saved * density;
  }
  if constexpr (kind == Activation::silu) {
    const R s = sigmoid(saved);
    return s * (R(1) + saved * (R(1) - s));
  }
}

template <Activation kind, class T>
void forward_loop(std::int64_t n, const T* x, T* y) {
  for (std::int64_t i = 0; i < n; ++i) y[i] = T(value<kind>(static_cast<Master<T>>(x[i])));
}

template <Activation kind, class T>
void backward_loop(std::int64_t n, const T* saved, const T* dy, T* dx) {
  for (std::int64_t i = 0; i < n; ++i)
    dx[i] = T(static_cast<Master<T>>(dy[i]) * derivative<kind>(static_cast<Master<T>>(saved[i])));
}

// f(std::integral_constant) with the activation as a compile-time constant.
template <class F>
void with_activation(Activation kind, const F& f) {
  switch (kind) {
    case Activation::relu: return f(std::integral_constant<Activation, Activation::relu>{});
    case Activation::gelu: return f(std::integral_constant<Activation, Activation::gelu>{});
    case Activation::silu: return f(std::integral_constant<Activation, Activation::silu>{});
  }
}

}  // namespace

template <class T>
void activation_forward(const Exec&, Activation activation, std::int64_t n, const T* x, T* y) {
  with_activation(activation, [=](auto kind) {
    parallel_for(n, kElementGrain, [=](std::int64_t begin, std::int64_t end) {
      forward_loop<kind.value>(end - begin, x + begin, y + begin);
    });
  });
}

template <class T>
void activation_backward(const Exec&, Activation activation, std::int64_t n, const T* saved, const T* dy, T* dx) {
  with_activation(activation, [=](auto kind) {
    parallel_for(n, kElementGrain, [=](std::int64_t begin, std::int64_t end) {
      backward_loop<kind.value>(end - begin, saved + begin, dy + begin, dx + begin);
    });
  });
}

#define SLUICE_INSTANTIATE(T)                                                            \
  template void activation_forward(const Exec&, Activation, std::int64_t, const T*, T*); \
  template void activation_backward(const Exec&, Activation, std::int64_t, const T*, const T*, T*);
SLUICE_INSTANTIATE(float)
SLUICE_INSTANTIATE(BFloat16)
SLUICE_INSTANTIATE(double)

}  // namespace sluice::kernels::cpu
