// SPDX-License-Identifier: Apache-2.0
// Activations, elementwise over n elements. Bound by bytes: forward reads x and writes y, backward reads two and writes
// dx. dx may be the very memory of dy.
#pragma once

#include <cstdint>

#include <sluice/base/exec.h>
#include <sluice/base/types.h>

namespace sluice::kernels {

// relu: max(x, 0); its derivative at 0 is 0.
// gelu: x * Phi(x), the exact form by erf (Hendrycks and Gimpel, 2016, eq. 1).
// silu: x * sigmoid(x) (Elfwing, Uchibe and Doya, 2017, eq. 5).
enum class Activation : std::uint8_t { relu, gelu, silu };

#define SLUICE_ACTIVATION_KERNELS                                                     \
  template <class T>                                                                  \
  void activation_forward(const Exec&, Activation, std::int64_t n, const T* x, T* y); \
  /* `saved` is y for relu, x for the others. */                                      \
  template <class T>                                                                  \
  void activation_backward(const Exec&, Activation, std::int64_t n, const T* saved, const T* dy, T* dx);

namespace cpu {
SLUICE_ACTIVATION_KERNELS
}
namespace cuda {
SLUICE_ACTIVATION_KERNELS
}
#undef SLUICE_ACTIVATION_KERNELS

}  // namespace sluice::kernels
