// SPDX-License-Identifier: Apache-2.0
// A build without cuDNN and cuBLASLt.
#include <sluice/base/error.h>
#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/conv2d_libraries.h>

namespace sluice::kernels::cuda {

template <class T>
std::span<const Conv2dAlgorithm<T>> conv2d_libraries() {
  return {};
}

void require_cudnn() { throw DeviceError("this build of Sluice has no cuDNN"); }

[[gnu::used]] constexpr auto kInstances =
    instantiate(CudaTypes{}, []<class T>(Type<T>) { return std::tuple(&conv2d_libraries<T>); });

}  // namespace sluice::kernels::cuda
