// SPDX-License-Identifier: Apache-2.0
#include <sluice/nn/batch_norm.h>

namespace sluice::nn {

BatchNorm::BatchNorm(std::int64_t channels, Initialiser& initialiser, double epsilon, double momentum)
    : epsilon_(epsilon),
      momentum_(momentum),
      weight_(parameter(initialiser.constant({channels}, 1))),
      bias_(parameter(initialiser.constant({channels}, 0))) {
  statistics_.running_mean = Tensor::zeros({channels}, weight_.dtype(), weight_.value().device());
  statistics_.running_var = Tensor::full({channels}, 1, weight_.dtype(), weight_.value().device());
  register_parameter("weight", weight_, ParameterKind::normalisation);
  register_parameter("bias", bias_, ParameterKind::normalisation);
  register_buffer("running_mean", statistics_.running_mean);
  register_buffer("running_var", statistics_.running_var);
}

ops::BatchNormOptions BatchNorm::options(const ops::BatchMoments& moments) const {
  return {.epsilon = epsilon_, .momentum = momentum_, .mode = mode(), .moments = moments};
}

Variable BatchNorm::forward(const Variable& x) { return ops::batch_norm(x, weight_, bias_, statistics_, options({})); }

}  // namespace sluice::nn
