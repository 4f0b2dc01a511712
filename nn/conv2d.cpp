// SPDX-License-Identifier: Apache-2.0
#include <sluice/nn/conv2d.h>

namespace sluice::nn {

Conv2d::Conv2d(const Conv2dOptions& options, Initialiser& initialiser) : geometry_(options.geometry) {
  const std::int64_t groups = geometry_.groups;
  require(groups > 0 && options.inputs > 0 && options.outputs > 0 && options.inputs % groups == 0 &&
              options.outputs % groups == 0,
          "nn::Conv2d", "expects channels that are multiples of the groups, got ", options.inputs, " to ",
          options.outputs, " in ", groups);
  const Shape shape{options.outputs, options.kernel.height, options.kernel.width, options.inputs / groups};
  weight_ = parameter(initialiser.weight(shape, options.weight));
  if (options.bias != BiasInit::none)
    bias_ = parameter(initialiser.bias(options.outputs, fans_of(shape).in, options.bias));
  register_parameter("weight", weight_, ParameterKind::weight);
  register_parameter("bias", bias_, ParameterKind::bias);
}

Variable Conv2d::forward(const Variable& x) { return ops::conv2d(x, weight_, bias_, geometry_); }

WithMoments Conv2d::with_moments(const Variable& x) {
  ops::BatchMoments moments;
  WithMoments y = ops::conv2d(x, weight_, bias_, geometry_, mode() == Mode::train ? &moments : nullptr);
  y.moments = std::move(moments);
  return y;
}

}  // namespace sluice::nn
