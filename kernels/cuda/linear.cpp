// SPDX-License-Identifier: Apache-2.0
// A linear map is a 1x1 convolution of images of one pixel: the matrix products are the convolution's.
#include <sluice/kernels/linear.h>

#include <algorithm>

#include <sluice/base/instantiate.h>
#include <sluice/kernels/cuda/conv2d_algorithm.h>
#include <sluice/kernels/cuda/memory.h>

namespace sluice::kernels::cuda {
namespace {

Conv2dShape convolution(const LinearShape& shape, Bias bias) {
  return {.batch = shape.rows,
          .height = 1,
          .width = 1,
          .in_channels = shape.in_features,
          .out_channels = shape.out_features,
          .kernel_height = 1,
          .kernel_width = 1,
          .out_height = 1,
          .out_width = 1,
          .window = {.bias = bias}};
}

Bias bias_at(const float* bias) { return bias == nullptr ? Bias::absent : Bias::present; }

template <class T>
std::size_t scratch_bytes(const Exec& exec, Conv2dPass pass, const LinearShape& shape) {
  if (shape.rows == 0) return 0;
  return std::max(conv2d_scratch_bytes<T>(exec, pass, convolution(shape, Bias::absent)),
                  conv2d_scratch_bytes<T>(exec, pass, convolution(shape, Bias::present)));
}

}  // namespace

}  // namespace sluice::kernels::cuda

namespace sluice::kernels {

using namespace cuda;

template <>
template <class T>
std::size_t Linear<Cuda>::forward_scratch_bytes(const Exec& exec, const LinearShape& shape) {
  return scratch_bytes<T>(exec, Conv2dPass::forward, shape);
}

template <>
template <class T>
std::size_t Linear<Cuda>::backward_input_scratch_bytes(const Exec& exec, const LinearShape& shape) {
  return scratch_bytes<T>(exec, Conv2dPass::backward_input, shape);
}

template <>
template <class T>
std::size_t Linear<Cuda>::backward_weight_scratch_bytes(const Exec& exec, const LinearShape& shape) {
  return scratch_bytes<T>(exec, Conv2dPass::backward_weight, shape);
}

// The operands of all passes are one struct, so what a pass only reads loses its const on the way.
template <>
template <class T>
void Linear<Cuda>::forward(const Exec& exec, const LinearShape& shape, const T* x, Weight<T> weight,
                           const Master<T>* bias, T* y, void* scratch) {
  if (shape.rows == 0) return;
  conv2d<T>(exec, Conv2dPass::forward, convolution(shape, bias_at(bias)),
            {const_cast<T*>(x), const_cast<float*>(weight.master), const_cast<float*>(bias), y, weight.rounded},
            scratch);
}

template <>
template <class T>
void Linear<Cuda>::backward_input(const Exec& exec, const LinearShape& shape, Weight<T> weight, const T* dy, T* dx,
                                  void* scratch) {
  if (shape.rows == 0) return;
  conv2d<T>(exec, Conv2dPass::backward_input, convolution(shape, Bias::absent),
            {dx, const_cast<float*>(weight.master), nullptr, const_cast<T*>(dy), weight.rounded}, scratch);
}

template <>
template <class T>
void Linear<Cuda>::backward_weight(const Exec& exec, const LinearShape& shape, const T* x, const T* dy,
                                   Master<T>* dweight, Master<T>* dbias, void* scratch) {
  if (shape.rows == 0) {
    cuda::fill_zero(exec, dweight, static_cast<std::size_t>(shape.in_features * shape.out_features) * sizeof(float));
    if (dbias != nullptr) cuda::fill_zero(exec, dbias, static_cast<std::size_t>(shape.out_features) * sizeof(float));
    return;
  }
  conv2d<T>(exec, Conv2dPass::backward_weight, convolution(shape, bias_at(dbias)),
            {const_cast<T*>(x), dweight, dbias, const_cast<T*>(dy)}, scratch);
}

[[gnu::used]] constexpr auto kInstances = instantiate(CudaTypes{}, []<class T>(Type<T>) {
  return std::tuple(&Linear<Cuda>::forward_scratch_bytes<T>, &Linear<Cuda>::backward_input_scratch_bytes<T>,
                    &Linear<Cuda>::backward_weight_scratch_bytes<T>, &Linear<Cuda>::forward<T>,
                    &Linear<Cuda>::backward_input<T>, &Linear<Cuda>::backward_weight<T>);
});

}  // namespace sluice::kernels
