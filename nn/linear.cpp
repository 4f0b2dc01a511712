// SPDX-License-Identifier: Apache-2.0
#include <sluice/nn/linear.h>

#include <sluice/core/ops/linear.h>

namespace sluice::nn {

Linear::Linear(const LinearOptions& options, Initialiser& initialiser) {
  require(options.inputs > 0 && options.outputs > 0, "nn::Linear", "expects positive sizes, got ", options.inputs,
          " to ", options.outputs);
  require(options.image.rank() == 0 || (options.image.rank() == 3 && options.image.size() == options.inputs),
          "nn::Linear", "expects ", options.inputs, " inputs from an image [H,W,C], got ", options.image);
  weight_ = parameter(initialiser.weight({options.outputs, options.inputs}, options.weight));
  if (options.bias != BiasInit::none)
    bias_ = parameter(initialiser.bias(options.outputs, options.inputs, options.bias));
  register_parameter("weight", weight_, ParameterKind::weight, options.image);
  register_parameter("bias", bias_, ParameterKind::bias);
}

Variable Linear::forward(const Variable& x) { return ops::linear(x, weight_, bias_); }

}  // namespace sluice::nn
