// SPDX-License-Identifier: Apache-2.0
// Each pair of matrices is a pass of a linear map, that is of a 1x1 convolution (linear.cpp): a b' its forward pass, a
// b backward_input and a' b backward_weight, by our tiles or by cuBLASLt, as the convolution chooses.
#include <sluice/kernels/matmul.h>

#include <sluice/base/error.h>
#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/conv2d_algorithm.h>
#include <sluice/kernels/cuda/memory.h>
#include <sluice/kernels/elementwise.h>

namespace sluice::kernels::cuda {
namespace {

using Transposed = MatmulShape::Transposed;

Conv2dPass pass_of(Transposed transposed) {
  switch (transposed) {
    case Transposed::a: return Conv2dPass::backward_weight;
    case Transposed::b: return Conv2dPass::forward;
    case Transposed::none: break;
  }
  return Conv2dPass::backward_input;
}

Conv2dShape convolution(const MatmulShape& s) {
  Conv2dShape shape{.batch = s.m,
                    .height = 1,
                    .width = 1,
                    .in_channels = s.k,
                    .out_channels = s.n,
                    .kernel_height = 1,
                    .kernel_width = 1,
                    .out_height = 1,
                    .out_width = 1,
                    .window = {.bias = Bias::absent}};
  if (s.transposed == Transposed::none) {
    shape.in_channels = s.n;
    shape.out_channels = s.k;
  } else if (s.transposed == Transposed::a) {
    shape.batch = s.k;
    shape.in_channels = s.n;
    shape.out_channels = s.m;
  }
  return shape;
}

// A gradient of weights is f32: where T is another type it comes to the head of the scratch first.
template <class T>
std::size_t result_bytes(const MatmulShape& s) {
  if (std::is_same_v<T, float> || s.transposed != Transposed::a) return 0;
  return (static_cast<std::size_t>(s.m * s.n) * sizeof(float) + 255) / 256 * 256;
}

// The operands of all passes are one struct, so what a pass only reads loses its const on the way.
template <class T>
Conv2dOperands<T> operands_of(const MatmulShape& s, const T* a, const T* b, T* y, void* scratch) {
  T *const left = const_cast<T*>(a), *const right = const_cast<T*>(b);
  if (s.transposed == Transposed::a) {
    if constexpr (std::is_same_v<T, float>)
      return {right, y, nullptr, left};
    else
      return {right, static_cast<float*>(scratch), nullptr, left};
  }
  Conv2dOperands<T> operands{s.transposed == Transposed::b ? left : y, nullptr, nullptr,
                             s.transposed == Transposed::b ? y : left};
  if constexpr (std::is_same_v<T, float>)
    operands.weight = right;
  else
    operands.rounded_weight = right;
  return operands;
}

}  // namespace
}  // namespace sluice::kernels::cuda

namespace sluice::kernels {

using namespace cuda;

template <>
template <class T>
std::size_t Matmul<Cuda>::scratch_bytes(const Exec& exec, const MatmulShape& s) {
  if (s.batch * s.m * s.n * s.k == 0) return 0;
  return result_bytes<T>(s) + conv2d_scratch_bytes<T>(exec, pass_of(s.transposed), convolution(s));
}

template <>
template <class T>
void Matmul<Cuda>::run(const Exec& exec, const MatmulShape& s, const T* a, const T* b, T* y, void* scratch) {
  if (s.batch * s.m * s.n == 0) return;
  if (s.k == 0) return cuda::fill_zero(exec, y, static_cast<std::size_t>(s.batch * s.m * s.n) * sizeof(T));
  constexpr std::int64_t most = std::int64_t{1} << 30;
  require(s.m * s.k < most && s.k * s.n < most && s.m * s.n < most, "matmul",
          "expects matrices of less than 2^30 elements on this device, got m, n, k = ", s.m, ", ", s.n, ", ", s.k);
  const Conv2dShape shape = convolution(s);
  void* const rest = static_cast<std::byte*>(scratch) + result_bytes<T>(s);
  for (std::int64_t i = 0; i < s.batch; ++i) {
    T* const result = y + i * s.m * s.n;
    conv2d<T>(exec, pass_of(s.transposed), shape, operands_of(s, a + i * s.m * s.k, b + i * s.k * s.n, result, scratch),
              rest);
    if constexpr (!std::is_same_v<T, float>)
      if (s.transposed == Transposed::a)
        Elementwise<Cuda>::cast(exec, s.m * s.n, static_cast<const float*>(scratch), result);
  }
}

[[gnu::used]] constexpr auto kInstances = instantiate(
    CudaTypes{}, []<class T>(Type<T>) { return std::tuple(&Matmul<Cuda>::scratch_bytes<T>, &Matmul<Cuda>::run<T>); });

}  // namespace sluice::kernels
