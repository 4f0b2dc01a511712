// SPDX-License-Identifier: Apache-2.0
// Mean over all n elements of (x - target)^2. Bound by bytes: two tensors read; backward reads two and writes one.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sluice/base/exec.h>
#include <sluice/base/types.h>

namespace sluice::kernels {

template <class Device>
struct MeanSquaredError {
  template <class T>
  static std::size_t forward_scratch_bytes(const Exec&, std::int64_t n);
  // loss: one number.
  template <class T>
  static void forward(const Exec&, std::int64_t n, const T* x, const T* target, Master<T>* loss, void* scratch);
  // dx = 2 dloss (x - target) / n, the derivative in x; that in the target is the one of (target, x). dloss is one
  // number in device memory.
  template <class T>
  static void backward(const Exec&, std::int64_t n, const T* x, const T* target, const Master<T>* dloss, T* dx);
};

}  // namespace sluice::kernels
