// SPDX-License-Identifier: Apache-2.0
#include <sluice/nn/residual_block.h>

#include <sluice/core/ops/fused/batch_norm_relu.h>
#include <sluice/core/ops/pad.h>
#include <sluice/core/ops/pool.h>

namespace sluice::nn {

Variable normalised(BatchNorm& norm, const WithMoments& x) {
  return ops::batch_norm(x.x, norm.weight(), norm.bias(), norm.statistics(), norm.options(x.moments));
}

Variable normalised_relu(BatchNorm& norm, const WithMoments& x) {
  return ops::batch_norm_relu(x.x, norm.weight(), norm.bias(), norm.statistics(), norm.options(x.moments));
}

Variable normalised_sum_relu(BatchNorm& norm, const WithMoments& x, const Variable& residual) {
  return ops::batch_norm_add_relu(x.x, residual, norm.weight(), norm.bias(), norm.statistics(),
                                  norm.options(x.moments));
}

Conv2dOptions same_conv(std::int64_t inputs, std::int64_t outputs, std::int64_t kernel, std::int64_t stride,
                        WeightInit weight) {
  const std::int64_t padding = kernel / 2;
  return {.inputs = inputs,
          .outputs = outputs,
          .kernel = {kernel, kernel},
          .geometry = {.stride = {stride, stride}, .padding = {padding, padding}},
          .weight = weight,
          .bias = BiasInit::none};
}

Projection::Projection(const Conv2dOptions& options, Initialiser& initialiser)
    : convolution_(options, initialiser), norm_(options.outputs, initialiser) {
  register_module("0", convolution_);
  register_module("1", norm_);
}

Variable Projection::forward(const Variable& x) { return normalised(norm_, convolution_.with_moments(x)); }

ResidualBlock::ResidualBlock(const ResidualBlockOptions& options, Initialiser& initialiser)
    : stride_(options.stride),
      added_channels_(options.outputs - options.inputs),
      conv1_(same_conv(options.inputs, options.outputs, 3, options.stride, options.weight), initialiser),
      bn1_(options.outputs, initialiser),
      conv2_(same_conv(options.outputs, options.outputs, 3, 1, options.weight), initialiser),
      bn2_(options.outputs, initialiser) {
  register_module("conv1", conv1_);
  register_module("bn1", bn1_);
  register_module("conv2", conv2_);
  register_module("bn2", bn2_);
  const bool changes = stride_ != 1 || added_channels_ != 0;
  if (changes && options.shortcut == Shortcut::projection) {
    projection_ = std::make_unique<Projection>(same_conv(options.inputs, options.outputs, 1, stride_, options.weight),
                                               initialiser);
    register_module(options.shortcut_name, *projection_);
  }
  require(options.shortcut == Shortcut::projection || added_channels_ >= 0, "nn::ResidualBlock",
          "option A expects at least as many channels out as in, got ", options.inputs, " to ", options.outputs);
}

Variable ResidualBlock::forward(const Variable& x) {
  const WithMoments y = conv2_.with_moments(normalised_relu(bn1_, conv1_.with_moments(x)));
  return normalised_sum_relu(bn2_, y, shortcut(x));
}

Variable ResidualBlock::shortcut(const Variable& x) {
  if (projection_) return projection_->forward(x);
  Variable y = x;
  if (stride_ != 1) y = ops::avg_pool2d(y, {.kernel = {1, 1}, .stride = {stride_, stride_}});
  if (added_channels_ != 0) y = ops::pad_channels(y, added_channels_ / 2, added_channels_ - added_channels_ / 2);
  return y;
}

}  // namespace sluice::nn
