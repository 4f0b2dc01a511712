// SPDX-License-Identifier: Apache-2.0
// Mean over all n elements of (x - target)^2. Bound by bytes: two tensors read; backward reads two and writes one.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sluice/base/exec.h>
#include <sluice/base/types.h>

namespace sluice::kernels {

#define SLUICE_MEAN_SQUARED_ERROR_KERNELS                                                                            \
  template <class T>                                                                                                 \
  std::size_t mean_squared_error_forward_scratch_bytes(const Exec&, std::int64_t n);                                 \
  /* loss: one number. */                                                                                            \
  template <class T>                                                                                                 \
  void mean_squared_error_forward(const Exec&, std::int64_t n, const T* x, const T* target, Master<T>* loss,         \
                                  void* scratch);                                                                    \
  /* dx = 2 dloss (x - target) / n, the derivative in x; that in the target is the one of (target, x). dloss is one  \
     number in device memory. */                                                                                     \
  template <class T>                                                                                                 \
  void mean_squared_error_backward(const Exec&, std::int64_t n, const T* x, const T* target, const Master<T>* dloss, \
                                   T* dx);

namespace cpu {
SLUICE_MEAN_SQUARED_ERROR_KERNELS
}
namespace cuda {
SLUICE_MEAN_SQUARED_ERROR_KERNELS
}
#undef SLUICE_MEAN_SQUARED_ERROR_KERNELS

}  // namespace sluice::kernels
