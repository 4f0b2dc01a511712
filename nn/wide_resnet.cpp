// SPDX-License-Identifier: Apache-2.0
#include <sluice/nn/wide_resnet.h>

#include <sluice/core/ops/arithmetic.h>
#include <sluice/core/ops/elementwise.h>
#include <sluice/core/ops/pool.h>

namespace sluice::nn {
namespace {

Conv2dOptions with_bias(std::int64_t inputs, std::int64_t outputs, std::int64_t kernel, std::int64_t stride) {
  Conv2dOptions options = same_conv(inputs, outputs, kernel, stride, WeightInit::kaiming_normal_fan_out);
  options.bias = BiasInit::zeros;
  return options;
}

}  // namespace

WideBlock::WideBlock(std::int64_t inputs, std::int64_t outputs, std::int64_t stride, double dropout,
                     Initialiser& initialiser)
    : bn1_(inputs, initialiser),
      conv1_(with_bias(inputs, outputs, 3, 1), initialiser),
      dropout_(dropout, initialiser),
      bn2_(outputs, initialiser),
      conv2_(with_bias(outputs, outputs, 3, stride), initialiser) {
  register_module("bn1", bn1_);
  register_module("conv1", conv1_);
  register_module("dropout", dropout_);
  register_module("bn2", bn2_);
  register_module("conv2", conv2_);
  if (stride != 1 || inputs != outputs) shortcut_.emplace<Conv2d>(with_bias(inputs, outputs, 1, stride), initialiser);
  register_module("shortcut", shortcut_);
}

Variable WideBlock::forward(const Variable& x) {
  WithMoments y = conv1_.with_moments(normalised_relu(bn1_, x));
  if (!dropout_.keeps_all()) y = dropout_(y.x);
  return ops::add(conv2_(normalised_relu(bn2_, y)), shortcut_(x));
}

WideResNet::WideResNet(const WideResNetOptions& options, Initialiser& initialiser)
    : conv1_(with_bias(options.input_channels, 16, 3, 1), initialiser),
      bn1_(64 * options.width, initialiser),
      linear_({.inputs = 64 * options.width, .outputs = options.classes}, initialiser) {
  require(options.depth >= 10 && options.depth % 6 == 4 && options.width >= 1, "nn::WideResNet",
          "expects a depth of 6n + 4 and a width of at least 1, got ", options.depth, " and ", options.width);
  register_module("conv1", conv1_);
  std::int64_t channels = 16;
  for (std::size_t stage = 0; stage < 3; ++stage) {
    const std::int64_t outputs = (std::int64_t{16} << stage) * options.width;
    for (int block = 0; block < (options.depth - 4) / 6; ++block) {
      layers_[stage].emplace<WideBlock>(channels, outputs, stage > 0 && block == 0 ? 2 : 1, options.dropout,
                                        initialiser);
      channels = outputs;
    }
    register_module("layer" + std::to_string(stage + 1), layers_[stage]);
  }
  register_module("bn1", bn1_);
  register_module("linear", linear_);
}

Variable WideResNet::forward(const Variable& x) {
  Variable y = conv1_(x);
  for (Sequential& layer : layers_) y = layer(y);
  return linear_(ops::global_average_pool(normalised_relu(bn1_, y)));
}

}  // namespace sluice::nn
