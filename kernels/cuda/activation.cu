// SPDX-License-Identifier: Apache-2.0
// Activations, elementwise. Bound by bytes: forward moves x and y, backward two arrays in and one out.
#include "kernels/activation.h"

#include "kernels/cuda/map.h"

namespace sluice::kernels::cuda {
namespace {

constexpr float kInverseRoot2 = 0.70710678f;    // 1 / sqrt(2)
constexpr float kInverseRoot2Pi = 0.39894228f;  // 1 / sqrt(2 pi)

struct Relu {
  __device__ float operator()(float x) const { return x < 0 ? 0 : x; }
};
struct ReluBackward {
  __device__ float operator()(float y, float dy) const { return y > 0 ? dy : 0; }
};

// By erfc, which keeps its digits where 1 + erf loses them.
struct Gelu {
  __device__ float operator()(float x) const { return 0.5f * x * erfcf(-x * kInverseRoot2); }
};
struct GeluBackward {
  __device__ float operator()(float x, float dy) const {
    const float below = 0.5f * erfcf(-x * kInverseRoot2), density = kInverseRoot2Pi * expf(-0.5f * x * x);
    return dy * (below + x * density);
  }
};

struct Silu {
  __device__ float operator()(float x) const { return x / (1 + expf(-x)); }
};
struct SiluBackward {
  __device__ float operator()(float x, float dy) const {
    const float sigmoid = 1 / (1 + expf(-x));
    return dy * sigmoid * (1 + x * (1 - sigmoid));
  }
};

}  // namespace

template <class T>
void activation_forward(const Exec& exec, Activation activation, std::int64_t n, const T* x, T* y) {
  switch (activation) {
    case Activation::relu: return map(exec, "relu_forward", n, Relu{}, y, x);
    case Activation::gelu: return map(exec, "gelu_forward", n, Gelu{}, y, x);
    case Activation::silu: return map(exec, "silu_forward", n, Silu{}, y, x);
  }
}

template <class T>
void activation_backward(const Exec& exec, Activation activation, std::int64_t n, const T* saved, const T* dy, T* dx) {
  switch (activation) {
    case Activation::relu: return map(exec, "relu_backward", n, ReluBackward{}, dx, saved, dy);
    case Activation::gelu: return map(exec, "gelu_backward", n, GeluBackward{}, dx, saved, dy);
    case Activation::silu: return map(exec, "silu_backward", n, SiluBackward{}, dx, saved, dy);
  }
}

#define SLUICE_INSTANTIATE(T)                                                            \
  template void activation_forward(const Exec&, Activation, std::int64_t, const T*, T*); \
  template void activation_backward(const Exec&, Activation, std::int64_t, const T*, const T*, T*);
SLUICE_INSTANTIATE(float)
SLUICE_INSTANTIATE(BFloat16)

}  // namespace sluice::kernels::cuda
