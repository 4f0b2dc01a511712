// SPDX-License-Identifier: Apache-2.0
// Softmax and its logarithm over the classes of x [O,C,I]: over rows where I is 1, else over columns. The maximum comes
// off first. Bound by bytes: forward reads x and writes y, backward reads y and dy and writes dx, which may be the very
// memory of dy; a column is read again from the caches.
#pragma once

#include <cstdint>

#include <sluice/base/exec.h>
#include <sluice/base/types.h>

namespace sluice::kernels {

struct SoftmaxGeometry {
  std::int64_t outer, classes, inner;  // O, C, I
};

template <class Device>
struct Softmax {
  // y = e^x / sum_c e^x_c
  template <class T>
  static void forward(const Exec&, const SoftmaxGeometry&, const T* x, T* y);
  // dx = y (dy - sum_c y_c dy_c)
  template <class T>
  static void backward(const Exec&, const SoftmaxGeometry&, const T* y, const T* dy, T* dx);
};

template <class Device>
struct LogSoftmax {
  // y = x - log sum_c e^x_c
  template <class T>
  static void forward(const Exec&, const SoftmaxGeometry&, const T* x, T* y);
  // dx = dy - e^y sum_c dy_c
  template <class T>
  static void backward(const Exec&, const SoftmaxGeometry&, const T* y, const T* dy, T* dx);
};

}  // namespace sluice::kernels
