// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/conv2d.h>

#include <sluice/core/ops/detail/conv2d_passes.h>
#include <sluice/core/ops/weight.h>
#include <sluice/kernels/conv2d.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::ops {
namespace {

using kernels::Bias;
using kernels::Conv2dShape;
using kernels::Moments;

std::array<std::int64_t, 4> extents_of(const Shape& shape) { return {shape[0], shape[1], shape[2], shape[3]}; }

Conv2dShape shape_of(const Variable& x, const Variable& weight, const Variable& bias, const Conv2dOptions& options) {
  require_one_device("conv2d", {&x.value(), &weight.value(), &bias.value()});
  require(x.shape().rank() == 4, "conv2d", "x expects images [N,H,W,C], got ", x.shape());
  require(weight.shape().rank() == 4, "conv2d", "weight expects [K,R,S,C/groups], got ", weight.shape());
  const DType parameter = master_dtype(x.dtype());
  require(weight.dtype() == parameter, "conv2d", "weight expects ", name_of(parameter), " beside ", name_of(x.dtype()),
          " images, got ", name_of(weight.dtype()));
  const std::int64_t out_channels = weight.shape()[0];
  require(!bias.defined() || (bias.shape() == Shape{out_channels} && bias.dtype() == parameter), "conv2d",
          "bias expects ", name_of(parameter), "[", out_channels, "], got ", name_of(bias.dtype()), bias.shape());
  return Conv2dShape::make(extents_of(x.shape()), extents_of(weight.shape()),
                           {.stride_height = options.stride.height,
                            .stride_width = options.stride.width,
                            .padding_height = options.padding.height,
                            .padding_width = options.padding.width,
                            .dilation_height = options.dilation.height,
                            .dilation_width = options.dilation.width,
                            .groups = options.groups,
                            .bias = bias.defined() ? Bias::present : Bias::absent});
}

Tensor backward_input(const Conv2dShape& shape, const Tensor& weight, const Tensor& dy) {
  Tensor dx = Tensor::empty({shape.batch, shape.height, shape.width, shape.in_channels}, dy.dtype(), dy.device());
  const Exec exec = exec_of(dy);
  dispatch(exec, dy.dtype(), "conv2d", [&]<class Device, class T>() {
    const Scratch scratch(dy.device(), kernels::Conv2d<Device>::template backward_input_scratch_bytes<T>(exec, shape));
    kernels::Conv2d<Device>::backward_input(exec, shape, weight_for<T>(weight), dy.data<T>(), dx.mutable_data<T>(),
                                            scratch.data());
  });
  return dx;
}

struct ParameterGradients {
  Tensor weight, bias;
};

ParameterGradients backward_weight(Conv2dShape shape, const Tensor& x, const Tensor& dy, Bias bias) {
  shape.window.bias = bias;
  const DType parameter = master_dtype(dy.dtype());
  const std::int64_t in_group = shape.in_channels / shape.window.groups;
  ParameterGradients gradients{
      .weight = Tensor::empty({shape.out_channels, shape.kernel_height, shape.kernel_width, in_group}, parameter,
                              dy.device()),
      .bias = bias == Bias::present ? Tensor::empty({shape.out_channels}, parameter, dy.device()) : Tensor{}};
  const Exec exec = exec_of(dy);
  dispatch(exec, dy.dtype(), "conv2d", [&]<class Device, class T>() {
    const Scratch scratch(dy.device(), kernels::Conv2d<Device>::template backward_weight_scratch_bytes<T>(exec, shape));
    kernels::Conv2d<Device>::backward_weight(exec, shape, x.data<T>(), dy.data<T>(),
                                             gradients.weight.mutable_data<Master<T>>(),
                                             gradients.bias.mutable_data<Master<T>>(), scratch.data());
  });
  return gradients;
}

}  // namespace

Variable conv2d(const Variable& x, const Variable& weight, const Variable& bias, const Conv2dOptions& options,
                BatchMoments* moments) {
  const Conv2dShape shape = shape_of(x, weight, bias, options);
  const Device device = x.value().device();
  Tensor y = Tensor::empty({shape.batch, shape.out_height, shape.out_width, shape.out_channels}, x.dtype(), device);
  BatchMoments left;
  const Exec exec = exec_of(y);
  dispatch(exec, x.dtype(), "conv2d", [&]<class Device, class T>() {
    Conv2dShape wanted = shape;
    wanted.window.moments = moments == nullptr ? Moments::absent : Moments::present;
    const Scratch scratch(device, kernels::Conv2d<Device>::template forward_scratch_bytes<T>(exec, wanted));
    left.run = kernels::Conv2d<Device>::template moments_run<T>(exec, wanted);
    if (left.run > 0) {
      const std::int64_t rows = shape.batch * shape.out_height * shape.out_width;
      left.values =
          Tensor::empty({2, (rows + left.run - 1) / left.run, shape.out_channels}, dtype_of<Master<T>>, device);
    }
    kernels::Conv2d<Device>::forward(exec, wanted, x.value().data<T>(), weight_for<T>(weight.value()),
                                     bias.value().data<Master<T>>(), y.mutable_data<T>(),
                                     left.values.mutable_data<Master<T>>(), scratch.data());
  });
  if (moments != nullptr) *moments = std::move(left);
  return record("conv2d", y, {&x, &weight, &bias},
                [shape, x = x.value(), weight = weight.value()](Tensor dy, Gradients& gradients) {
                  if (gradients.wants(1) || gradients.wants(2)) {
                    const Bias wanted = gradients.wants(2) ? Bias::present : Bias::absent;
                    ParameterGradients found = backward_weight(shape, x, dy, wanted);
                    gradients.add(1, std::move(found.weight));
                    if (gradients.wants(2)) gradients.add(2, std::move(found.bias));
                  }
                  if (gradients.wants(0)) gradients.add(0, backward_input(shape, weight, dy));
                });
}

Tensor detail::conv2d_backward_input(const Conv2dShape& shape, const Tensor& weight, const Tensor& dy) {
  return backward_input(shape, weight, dy);
}

Tensor detail::conv2d_backward_weight(const Conv2dShape& shape, const Tensor& x, const Tensor& dy) {
  return backward_weight(shape, x, dy, Bias::absent).weight;
}

}  // namespace sluice::ops
