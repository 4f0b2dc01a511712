// SPDX-License-Identifier: Apache-2.0
// A build without cuDNN and cuBLASLt.
#include <sluice/base/error.h>
#include <sluice/kernels/cuda/conv2d_libraries.h>

namespace sluice::kernels::cuda {

template <class T>
std::span<const Conv2dAlgorithm<T>> conv2d_libraries() {
  return {};
}

template std::span<const Conv2dAlgorithm<float>> conv2d_libraries();
template std::span<const Conv2dAlgorithm<BFloat16>> conv2d_libraries();

}  // namespace sluice::kernels::cuda
