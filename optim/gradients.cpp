// SPDX-License-Identifier: Apache-2.0
#include <sluice/optim/gradients.h>

#include <cmath>

#include <sluice/core/ops/update.h>

namespace sluice::optim {
namespace {

std::vector<Tensor> gradients_of(const std::vector<NamedParameter>& parameters) {
  std::vector<Tensor> gradients;
  for (const NamedParameter& parameter : parameters)
    if (Tensor gradient = parameter.variable.gradient(); gradient.defined()) gradients.push_back(std::move(gradient));
  return gradients;
}

// The same, each with elements of its own: an operation may have handed one tensor to two parameters.
std::vector<Tensor> own_gradients_of(const std::vector<NamedParameter>& parameters) {
  std::vector<Tensor> gradients;
  for (const NamedParameter& parameter : parameters) {
    Variable variable = parameter.variable;
    Tensor gradient = variable.gradient();
    if (!gradient.defined()) continue;
    variable.clear_gradient();
    if (!gradient.unique()) gradient = gradient.clone();
    variable.set_gradient(gradient);
    gradients.push_back(std::move(gradient));
  }
  return gradients;
}

}  // namespace

Tensor gradient_norm(const std::vector<NamedParameter>& parameters) {
  return ops::gradient_norm(gradients_of(parameters));
}

Tensor clip_gradient_norm(const std::vector<NamedParameter>& parameters, double max_norm) {
  require(std::isfinite(max_norm) && max_norm > 0, "clip_gradient_norm", "expects a finite largest norm above 0, got ",
          max_norm);
  const std::vector<Tensor> gradients = own_gradients_of(parameters);
  Tensor norm = ops::gradient_norm(gradients);
  ops::scale_in_place(gradients, ops::clip_factor(norm, max_norm));
  return norm;
}

void scale_gradients(const std::vector<NamedParameter>& parameters, const Tensor& factor) {
  const std::vector<Tensor> gradients = own_gradients_of(parameters);
  if (!gradients.empty()) ops::scale_in_place(gradients, factor.cast(gradients[0].dtype()));
}

}  // namespace sluice::optim
