// SPDX-License-Identifier: Apache-2.0
// Layer normalisation of every row of x [rows, channels]:
//   xhat = (x - mean) / sqrt(variance + epsilon), y = weight xhat + bias, mean and variance (biased) over the channels.
// Source: Ba, Kiros and Hinton, "Layer Normalization", 2016, eq. 3. Bound by bytes: forward reads x and writes y,
// backward reads x and dy and writes dx.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sluice/base/exec.h>
#include <sluice/base/types.h>

namespace sluice::kernels {

struct LayerNormGeometry {
  std::int64_t rows, channels;
};

template <class Device>
struct LayerNorm {
  // `mean` and `inverse_deviation` [rows] are kept for the way back.
  template <class T>
  static void forward(const Exec&, const LayerNormGeometry&, double epsilon, const T* x, const Master<T>* weight,
                      const Master<T>* bias, T* y, Master<T>* mean, Master<T>* inverse_deviation);
  template <class T>
  static std::size_t backward_scratch_bytes(const Exec&, const LayerNormGeometry&);
  // dweight = sum dy xhat and dbias = sum dy over the rows; dx = inverse_deviation (g - mean(g) - xhat mean(g xhat))
  // with g = weight dy and means over the channels. dx may be the very memory of dy.
  template <class T>
  static void backward(const Exec&, const LayerNormGeometry&, const T* x, const Master<T>* mean,
                       const Master<T>* inverse_deviation, const Master<T>* weight, const T* dy, T* dx,
                       Master<T>* dweight, Master<T>* dbias, void* scratch);
};

}  // namespace sluice::kernels
