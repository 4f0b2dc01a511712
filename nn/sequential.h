// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <memory>

#include <sluice/nn/module.h>

namespace sluice::nn {

// One module after the other, named by position: "0.weight", "2.bias".
class Sequential : public Module {
 public:
  // Makes a Layer from the arguments and appends it.
  template <class Layer, class... Arguments>
  Layer& emplace(Arguments&&... arguments) {
    auto layer = std::make_unique<Layer>(std::forward<Arguments>(arguments)...);
    Layer& reference = *layer;
    append(std::move(layer));
    return reference;
  }
  void append(std::unique_ptr<Module> layer);
  std::size_t size() const { return layers_.size(); }

  Variable forward(const Variable& x) override;

 private:
  std::vector<std::unique_ptr<Module>> layers_;
};

}  // namespace sluice::nn
