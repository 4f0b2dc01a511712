// SPDX-License-Identifier: Apache-2.0
#include <sluice/nn/vgg.h>

#include <sluice/core/ops/pool.h>

namespace sluice::nn {

Vgg::Vgg(const VggOptions& options, Initialiser& initialiser) : dropout_(options.dropout, initialiser) {
  std::int64_t channels = options.input_channels;
  // PyTorch counts activations and pooling too.
  int position = 0;
  for (const std::vector<std::int64_t>& stage : options.stages) {
    for (const std::int64_t outputs : stage) {
      Conv2dOptions convolution = same_conv(channels, outputs, 3, 1, WeightInit::kaiming_normal_fan_out);
      convolution.bias = BiasInit::zeros;
      Layer& layer = layers_.emplace_back();
      layer.convolution = std::make_unique<Conv2d>(convolution, initialiser);
      layer.norm = std::make_unique<BatchNorm>(outputs, initialiser);
      register_module("features." + std::to_string(position), *layer.convolution);
      register_module("features." + std::to_string(position + 1), *layer.norm);
      position += 3;
      channels = outputs;
    }
    require(!layers_.empty(), "nn::Vgg", "expects a convolution in the first stage");
    layers_.back().after = After::max_pool;
    ++position;
  }
  require(!layers_.empty(), "nn::Vgg", "expects at least one stage");
  register_module("dropout", dropout_);
  classifier_ = std::make_unique<Linear>(LinearOptions{.inputs = channels, .outputs = options.classes}, initialiser);
  register_module("classifier", *classifier_);
}

Variable Vgg::forward(const Variable& x) {
  Variable y = x;
  for (const Layer& layer : layers_) {
    y = normalised_relu(*layer.norm, layer.convolution->with_moments(y));
    if (layer.after == After::max_pool) y = ops::max_pool2d(y);
  }
  return classifier_->forward(dropout_(ops::global_average_pool(y)));
}

}  // namespace sluice::nn
