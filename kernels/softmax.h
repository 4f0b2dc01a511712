// SPDX-License-Identifier: Apache-2.0
// Softmax and its logarithm over each row of x [N,C]; the row's maximum comes off first. Bound by bytes: forward reads
// x and writes y, backward reads y and dy and writes dx, which may be the very memory of dy.
#pragma once

#include <cstdint>

#include "kernels/base/exec.h"
#include "kernels/base/types.h"

namespace sluice::kernels {

#define SLUICE_SOFTMAX_KERNELS                                                                                 \
  /* y = e^x / sum_c e^x_c */                                                                                  \
  template <class T>                                                                                           \
  void softmax_forward(const Exec&, std::int64_t rows, std::int64_t classes, const T* x, T* y);                \
  /* dx = y (dy - sum_c y_c dy_c) */                                                                           \
  template <class T>                                                                                           \
  void softmax_backward(const Exec&, std::int64_t rows, std::int64_t classes, const T* y, const T* dy, T* dx); \
  /* y = x - log sum_c e^x_c */                                                                                \
  template <class T>                                                                                           \
  void log_softmax_forward(const Exec&, std::int64_t rows, std::int64_t classes, const T* x, T* y);            \
  /* dx = dy - e^y sum_c dy_c */                                                                               \
  template <class T>                                                                                           \
  void log_softmax_backward(const Exec&, std::int64_t rows, std::int64_t classes, const T* y, const T* dy, T* dx);

namespace cpu {
SLUICE_SOFTMAX_KERNELS
}
namespace cuda {
SLUICE_SOFTMAX_KERNELS
}
#undef SLUICE_SOFTMAX_KERNELS

}  // namespace sluice::kernels
