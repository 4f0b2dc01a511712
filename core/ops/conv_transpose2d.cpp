// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/conv_transpose2d.h>

#include <sluice/core/ops/arithmetic.h>
#include <sluice/core/ops/conv2d.h>
#include <sluice/core/ops/detail/conv2d_passes.h>
#include <sluice/core/ops/elementwise.h>

namespace sluice::ops {
namespace {

constexpr const char* kOp = "conv_transpose2d";

// Of the convolution that this is the transpose of: its result is x.
kernels::Conv2dShape transposed_shape(const Variable& x, const Variable& weight,
                                      const ConvTranspose2dOptions& options) {
  const auto& [stride, padding, output_padding, dilation, groups] = options;
  require_one_device(kOp, {&x.value(), &weight.value()});
  require(x.shape().rank() == 4 && weight.shape().rank() == 4 && x.shape()[3] == weight.shape()[0], kOp,
          "expects images [N,P,Q,K] and weight [K,R,S,C/groups], got ", x.shape(), " and ", weight.shape());
  require(weight.dtype() == master_dtype(x.dtype()), kOp, "weight expects ", name_of(master_dtype(x.dtype())),
          " beside ", name_of(x.dtype()), " images, got ", name_of(weight.dtype()));
  require(groups > 0, kOp, "expects at least 1 group, got ", groups);
  require(output_padding.height >= 0 && output_padding.height < stride.height && output_padding.width >= 0 &&
              output_padding.width < stride.width,
          kOp, "expects output_padding from 0 to below the stride ", stride, ", got ", output_padding);
  require(x.shape()[1] > 0 && x.shape()[2] > 0, kOp, "expects images of at least 1x1, got ", x.shape());
  const auto extent = [](std::int64_t results, std::int64_t taps, std::int64_t s, std::int64_t cut, std::int64_t more,
                         std::int64_t d) { return (results - 1) * s - 2 * cut + d * (taps - 1) + more + 1; };
  const std::int64_t height =
      extent(x.shape()[1], weight.shape()[1], stride.height, padding.height, output_padding.height, dilation.height);
  const std::int64_t width =
      extent(x.shape()[2], weight.shape()[2], stride.width, padding.width, output_padding.width, dilation.width);
  require(height > 0 && width > 0, kOp, "expects results of at least 1x1, got ", height, "x", width, " from images ",
          x.shape(), " and weight ", weight.shape());
  return kernels::Conv2dShape::make({x.shape()[0], height, width, weight.shape()[3] * groups},
                                    {weight.shape()[0], weight.shape()[1], weight.shape()[2], weight.shape()[3]},
                                    {.stride_height = stride.height,
                                     .stride_width = stride.width,
                                     .padding_height = padding.height,
                                     .padding_width = padding.width,
                                     .dilation_height = dilation.height,
                                     .dilation_width = dilation.width,
                                     .groups = groups});
}

}  // namespace

Variable conv_transpose2d(const Variable& x, const Variable& weight, const Variable& bias,
                          const ConvTranspose2dOptions& options) {
  const kernels::Conv2dShape shape = transposed_shape(x, weight, options);
  const Variable y =
      record(kOp, detail::conv2d_backward_input(shape, weight.value(), x.value()), {&x, &weight},
             [shape, options, in = x.value(), w = weight.value()](const Tensor& dy, Gradients& gradients) {
               const Conv2dOptions forward{.stride = options.stride,
                                           .padding = options.padding,
                                           .dilation = options.dilation,
                                           .groups = options.groups};
               if (gradients.wants(0)) gradients.add(0, conv2d(dy, w, {}, forward).value());
               if (gradients.wants(1)) gradients.add(1, detail::conv2d_backward_weight(shape, dy, in));
             });
  if (!bias.defined()) return y;
  require_one_device(kOp, {&x.value(), &bias.value()});
  require(bias.shape() == Shape{shape.in_channels} && bias.dtype() == weight.dtype(), kOp, "bias expects ",
          name_of(weight.dtype()), "[", shape.in_channels, "], got ", name_of(bias.dtype()), bias.shape());
  return y + (bias.dtype() == y.dtype() ? bias : cast(bias, y.dtype()));
}

}  // namespace sluice::ops
