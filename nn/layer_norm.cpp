// SPDX-License-Identifier: Apache-2.0
#include <sluice/nn/layer_norm.h>

#include <sluice/core/ops/layer_norm.h>

namespace sluice::nn {

LayerNorm::LayerNorm(std::int64_t channels, Initialiser& initialiser, double epsilon)
    : epsilon_(epsilon),
      weight_(parameter(initialiser.constant({channels}, 1))),
      bias_(parameter(initialiser.constant({channels}, 0))) {
  register_parameter("weight", weight_, ParameterKind::normalisation);
  register_parameter("bias", bias_, ParameterKind::normalisation);
}

Variable LayerNorm::forward(const Variable& x) { return ops::layer_norm(x, weight_, bias_, epsilon_); }

}  // namespace sluice::nn
