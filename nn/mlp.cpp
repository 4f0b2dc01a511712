// SPDX-License-Identifier: Apache-2.0
#include <sluice/nn/mlp.h>

#include <sluice/core/ops/activation.h>
#include <sluice/core/ops/elementwise.h>

namespace sluice::nn {

Mlp::Mlp(const MlpOptions& options, Initialiser& initialiser) {
  std::int64_t units = options.image.size();
  Shape image = options.image;
  int position = 1;
  const auto linear = [&](std::int64_t outputs) {
    auto layer =
        std::make_unique<Linear>(LinearOptions{.inputs = units, .outputs = outputs, .image = image}, initialiser);
    register_module(std::to_string(position), *layer);
    image = {};
    units = outputs;
    return layer;
  };
  for (const std::int64_t outputs : options.hidden) {
    Layer& layer = hidden_.emplace_back();
    layer.linear = linear(outputs);
    layer.dropout = std::make_unique<Dropout>(options.dropout, initialiser);
    if (options.normalisation == Normalisation::batch) {
      layer.norm = std::make_unique<BatchNorm>(outputs, initialiser);
      register_module(std::to_string(++position), *layer.norm);
    }
    register_module(std::to_string(++position), *layer.dropout);
    ++position;
  }
  classifier_ = linear(options.classes);
}

Variable Mlp::forward(const Variable& x) {
  Variable y = ops::flatten(x);
  for (const Layer& layer : hidden_) {
    y = layer.linear->forward(y);
    y = layer.dropout->forward(layer.norm ? normalised_relu(*layer.norm, y) : ops::relu(y));
  }
  return classifier_->forward(y);
}

}  // namespace sluice::nn
