// SPDX-License-Identifier: Apache-2.0
#include <sluice/optim/perturbation.h>

#include <cmath>
#include <stdexcept>

#include <sluice/core/ops/update.h>

namespace sluice::optim {
namespace {

double checked(const GradientPenaltyOptions& options) {
  require(std::isfinite(options.strength) && options.strength > 0, "gradient penalty",
          "expects a finite strength above 0, got ", options.strength);
  require(std::isfinite(options.step) && options.step != 0, "gradient penalty",
          "expects a finite step other than 0, got ", options.step);
  return options.strength / options.step;
}

}  // namespace

Perturbation::Perturbation(const std::vector<NamedParameter>& parameters, const std::vector<NamedTensor>& buffers,
                           double blend)
    : blend_(blend) {
  for (const NamedParameter& parameter : parameters)
    parameters_.push_back({parameter.variable, parameter.variable.value().clone(), {}});
  for (const NamedTensor& buffer : buffers) buffers_.push_back({buffer.tensor, buffer.tensor.clone()});
}

void Perturbation::perturb() {
  if (perturbed_) throw std::logic_error("[perturbation] perturb() twice without restore()");
  perturbed_ = true;
  std::vector<ops::ParameterUpdate> updates;
  std::vector<Tensor> first;
  for (Moved& moved : parameters_) {
    Tensor gradient = moved.variable.gradient();
    if (!gradient.defined()) continue;
    moved.variable.clear_gradient();
    // An operation may have handed one tensor to two parameters, and restore() writes into this one.
    moved.gradient = gradient.unique() ? std::move(gradient) : gradient.clone();
    moved.value.copy_from(moved.variable.value());
    first.push_back(moved.gradient);
    updates.push_back({.value = moved.variable.value(), .gradient = moved.gradient});
  }
  for (Kept& kept : buffers_) kept.value.copy_from(kept.buffer);
  if (!updates.empty()) ops::sgd_step(updates, {}, rate(first));
}

void Perturbation::restore() {
  if (!perturbed_) throw std::logic_error("[perturbation] restore() without perturb()");
  perturbed_ = false;
  std::vector<ops::AverageUpdate> blends;
  for (Moved& moved : parameters_) {
    if (!moved.gradient.defined()) continue;
    moved.variable.value().copy_from(moved.value);
    const Tensor second = moved.variable.gradient();
    if (!second.defined()) throw std::logic_error("[perturbation] restore() before the second backward pass");
    if (blend_ != 1) {
      blends.push_back({.value = second, .average = moved.gradient});
      moved.variable.set_gradient(moved.gradient);
    }
    moved.gradient = {};
  }
  for (Kept& kept : buffers_) kept.buffer.copy_from(kept.value);
  ops::average_step(blends, 1 - blend_);
}

Sam::Sam(const std::vector<NamedParameter>& parameters, const std::vector<NamedTensor>& buffers, double radius)
    : Perturbation(parameters, buffers, 1), radius_(radius) {
  require(std::isfinite(radius) && radius > 0, "sam", "expects a finite radius above 0, got ", radius);
}

Tensor Sam::rate(const std::vector<Tensor>& first) const {
  return ops::ascent_rate(ops::gradient_norm(first), radius_);
}

GradientPenalty::GradientPenalty(const std::vector<NamedParameter>& parameters, const std::vector<NamedTensor>& buffers,
                                 const GradientPenaltyOptions& options)
    : Perturbation(parameters, buffers, checked(options)), step_(options.step) {}

Tensor GradientPenalty::rate(const std::vector<Tensor>& first) const {
  return Tensor::full({}, -step_, DType::f64, first[0].device());
}

}  // namespace sluice::optim
