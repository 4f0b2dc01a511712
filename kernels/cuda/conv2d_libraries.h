// SPDX-License-Identifier: Apache-2.0
// Convolution by NVIDIA's libraries, in builds that found their headers. The libraries themselves are looked for when
// first asked for.
#pragma once

#include <span>

#include <sluice/kernels/cuda/conv2d_algorithm.h>
#include <sluice/kernels/elementwise.h>

namespace sluice::kernels::cuda {

// cuDNN's implicit GEMM: every shape. dweight of bf16 is rounded to bf16 on its way. Throws DeviceError where the
// library is not there.
template <class T>
Conv2dAlgorithm<T> conv2d_cudnn();

// cuBLASLt's matrix products, with the bias: kernels of 1x1 with stride 1 and no padding, and so linear maps. Throws
// DeviceError where the library is not there.
template <class T>
Conv2dAlgorithm<T> conv2d_cublaslt();

// Those of the above that are there, the likely winner first; empty where none is.
template <class T>
std::span<const Conv2dAlgorithm<T>> conv2d_libraries();

// Throws DeviceError where cuDNN is not there.
void require_cudnn();

// Bytes of a copy of `elements` parameters in T; none where they are T already.
template <class T>
std::size_t copy_bytes(std::int64_t elements) {
  return std::is_same_v<T, float> ? 0 : (static_cast<std::size_t>(elements) * sizeof(T) + 255) / 256 * 256;
}

// `values` in T: themselves, or a copy at `copy`.
template <class T>
const T* copy_as(const Exec& exec, std::int64_t n, const float* values, std::byte* copy) {
  if constexpr (std::is_same_v<T, float>) {
    return values;
  } else {
    Elementwise<Cuda>::cast(exec, n, values, reinterpret_cast<T*>(copy));
    return reinterpret_cast<T*>(copy);
  }
}

// The weight in T: one that is there, or a copy at `copy`.
template <class T>
const T* weight_as(const Exec& exec, const Conv2dShape& shape, const Conv2dOperands<T>& operands, std::byte* copy) {
  if (operands.rounded_weight != nullptr) return operands.rounded_weight;
  return copy_as<T>(exec, shape.weight_size(), operands.weight, copy);
}

}  // namespace sluice::kernels::cuda
