// SPDX-License-Identifier: Apache-2.0
// In place of conv2d_onednn.cpp in a build without oneDNN.
#include <sluice/kernels/cpu/conv2d_algorithm.h>

namespace sluice::kernels::cpu {

template <class T>
std::span<const Conv2dAlgorithm<T>> conv2d_onednn() {
  return {};
}

template std::span<const Conv2dAlgorithm<float>> conv2d_onednn();
template std::span<const Conv2dAlgorithm<BFloat16>> conv2d_onednn();

}  // namespace sluice::kernels::cpu
