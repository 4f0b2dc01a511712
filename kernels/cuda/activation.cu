// SPDX-License-Identifier: Apache-2.0
// y = f(x) and dx = dy f'(saved), elementwise over n elements. Bound by bytes: forward moves 2 n elements, backward 3
// n; the floor is that over the memory's bandwidth.
#include <sluice/kernels/activation.h>

#include <numbers>

#include <sluice/kernels/cuda/map.h>

namespace sluice::kernels::cuda {
namespace {

__device__ __forceinline__ float normal_cdf(float x) {
  return 0.5f * erfcf(-x * static_cast<float>(std::numbers::sqrt2 / 2));
}

__device__ __forceinline__ float sigmoid(float x) { return 1.0f / (1.0f + expf(-x)); }

template <Activation kind>
struct Value {
  __device__ float operator()(float x) const {
    if constexpr (kind == Activation::relu) return x < 0 ? 0.0f : x + 0.0f;  // NaN travels, -0 becomes 0
    if constexpr (kind == Activation::gelu) return x * normal_cdf(x);
    if constexpr (kind == Activation::silu) return x * sigmoid(x);
  }
};

template <Activation kind>
struct Derivative {
  __device__ float operator()(float saved, float dy) const {
    if constexpr (kind == Activation::relu) return dy * (saved > 0 ? 1.0f : 0.0f);
    if constexpr (kind == Activation::gelu) {
      const float density =
          expf(-0.5f * saved * saved) * static_cast<float>(std::numbers::inv_sqrtpi / std::numbers::sqrt2);
      return dy * (normal_cdf(saved) + saved * density);
    }
    if constexpr (kind == Activation::silu) {
      const float s = sigmoid(saved);
      return dy * (s * (1.0f + saved * (1.0f - s)));
    }
  }
};

}  // namespace

template <class T>
void activation_forward(const Exec& exec, Activation activation, std::int64_t n, const T* x, T* y) {
  using enum Activation;
  switch (activation) {
    case relu: return map(exec, "relu_forward", n, Value<relu>{}, y, x);
    case gelu: return map(exec, "gelu_forward", n, Value<gelu>{}, y, x);
    case silu: return map(exec, "silu_forward", n, Value<silu>{}, y, x);
  }
}

template <class T>
void activation_backward(const Exec& exec, Activation activation, std::int64_t n, const T* saved, const T* dy, T* dx) {
  using enum Activation;
  switch (activation) {
    case relu: return map(exec, "relu_backward", n, Derivative<relu>{}, dx, saved, dy);
    case gelu: return map(exec, "gelu_backward", n, Derivative<gelu>{}, dx, saved, dy);
    case silu: return map(exec, "silu_backward", n, Derivative<silu>{}, dx, saved, dy);
  }
}

#define SLUICE_INSTANTIATE(T)                                                            \
  template void activation_forward(const Exec&, Activation, std::int64_t, const T*, T*); \
  template void activation_backward(const Exec&, Activation, std::int64_t, const T*, const T*, T*);
SLUICE_INSTANTIATE(float)
SLUICE_INSTANTIATE(BFloat16)

}  // namespace sluice::kernels::cuda
