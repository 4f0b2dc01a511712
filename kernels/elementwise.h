// SPDX-License-Identifier: Apache-2.0
// Kernels over n elements whose operands differ in type, and the sum of two gradients; all others of this kind are
// kernels/pointwise.h. Bound by bytes: each input read once, the output written once. Outputs may be
// the very memory of an input.
#pragma once

#include <cstdint>

#include <sluice/base/exec.h>
#include <sluice/base/types.h>

namespace sluice::kernels {

template <class Device>
struct Elementwise {
  // y = To(x), rounding to nearest even. To may be double on every device.
  template <class From, class To>
  static void cast(const Exec&, std::int64_t n, const From* x, To* y);
  // y = a + b.
  template <class T>
  static void add(const Exec&, std::int64_t n, const T* a, const T* b, T* y);
  // y = factor[0] * x, the factor in device memory.
  template <class T>
  static void scale_by(const Exec&, std::int64_t n, const Master<T>* factor, const T* x, T* y);
};

}  // namespace sluice::kernels
