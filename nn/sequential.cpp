// SPDX-License-Identifier: Apache-2.0
#include <sluice/nn/sequential.h>

namespace sluice::nn {

void Sequential::append(std::unique_ptr<Module> layer) {
  require(layer != nullptr, "nn::Sequential", "expects a module, got none");
  register_module(std::to_string(layers_.size()), *layer);
  layers_.push_back(std::move(layer));
}

Variable Sequential::forward(const Variable& x) {
  Variable y = x;
  for (const std::unique_ptr<Module>& layer : layers_) y = layer->forward(y);
  return y;
}

}  // namespace sluice::nn
