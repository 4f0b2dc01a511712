// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/cuda/conv2d_libraries.h>

#include <vector>

#include <sluice/base/error.h>
#include <sluice/base/instantiate.h>

namespace sluice::kernels::cuda {

template <class T>
std::span<const Conv2dAlgorithm<T>> conv2d_libraries() {
  static const std::vector<Conv2dAlgorithm<T>> found = [] {
    std::vector<Conv2dAlgorithm<T>> algorithms;
    for (auto* make : {conv2d_cublaslt<T>, conv2d_cudnn<T>}) {
      try {
        algorithms.push_back(make());
      } catch (const DeviceError&) {
        // Not on this machine.
      }
    }
    return algorithms;
  }();
  return found;
}

void require_cudnn() { conv2d_cudnn<float>(); }

[[gnu::used]] constexpr auto kInstances =
    instantiate(CudaTypes{}, []<class T>(Type<T>) { return std::tuple(&conv2d_libraries<T>); });

}  // namespace sluice::kernels::cuda
