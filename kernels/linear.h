// SPDX-License-Identifier: Apache-2.0
// The linear map y = x W' + b of x [N,C], weight [K,C] and bias [K] to y [N,K], in three named passes of 2*N*C*K
// operations each, which bound them.
#pragma once

#include <cstddef>
#include <cstdint>

#include <sluice/base/exec.h>
#include <sluice/base/types.h>
#include <sluice/kernels/weight.h>

namespace sluice::kernels {

struct LinearShape {
  std::int64_t rows, in_features, out_features;  // N, C, K

  auto operator<=>(const LinearShape&) const = default;
};

// `bias` and `dbias` [K] may be nullptr.
template <class Device>
struct Linear {
  template <class T>
  static std::size_t forward_scratch_bytes(const Exec&, const LinearShape&);
  template <class T>
  static void forward(const Exec&, const LinearShape&, const T* x, Weight<T> weight, const Master<T>* bias, T* y,
                      void* scratch);
  template <class T>
  static std::size_t backward_input_scratch_bytes(const Exec&, const LinearShape&);
  template <class T>
  static void backward_input(const Exec&, const LinearShape&, Weight<T> weight, const T* dy, T* dx, void* scratch);
  template <class T>
  static std::size_t backward_weight_scratch_bytes(const Exec&, const LinearShape&);
  template <class T>
  static void backward_weight(const Exec&, const LinearShape&, const T* x, const T* dy, Master<T>* dweight,
                              Master<T>* dbias, void* scratch);
};

}  // namespace sluice::kernels
