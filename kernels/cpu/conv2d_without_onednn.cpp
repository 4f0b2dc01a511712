// SPDX-License-Identifier: Apache-2.0
// In place of conv2d_onednn.cpp in a build without oneDNN.
#include <sluice/kernels/cpu/conv2d_algorithm.h>

#include <sluice/base/instantiate.h>

namespace sluice::kernels::cpu {

template <class T>
std::span<const Conv2dAlgorithm<T>> conv2d_onednn() {
  return {};
}

[[gnu::used]] constexpr auto kInstances =
    instantiate(Types<float, BFloat16>{}, []<class T>(Type<T>) { return std::tuple(&conv2d_onednn<T>); });

}  // namespace sluice::kernels::cpu
