// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/core/tensor.h>
#include <sluice/kernels/weight.h>

namespace sluice::ops {

// A weight as kernels read it beside activations of type T. The CPU's kernels round in what they pack, or not at all.
template <class T>
kernels::Weight<T> weight_for(const Tensor& weight) {
  const Master<T>* master = weight.data<Master<T>>();
  if constexpr (std::is_same_v<T, BFloat16>)
    if (weight.device().kind != DeviceKind::cpu) return {master, weight.rounded()};
  return master;
}

}  // namespace sluice::ops
