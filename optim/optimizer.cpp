// SPDX-License-Identifier: Apache-2.0
#include <sluice/optim/optimizer.h>

#include <cmath>
#include <limits>

#include <sluice/optim/named_state.h>

namespace sluice::optim {

Optimizer::Optimizer(const char* name, std::vector<NamedParameter> parameters, double learning_rate,
                     double weight_decay, DecayNorms decay_norms)
    : name_(name), parameters_(std::move(parameters)) {
  require(!parameters_.empty(), name_, "expects at least one parameter");
  require_within("weight decay", weight_decay, 0, std::numeric_limits<double>::infinity());
  const Tensor& like = parameters_[0].variable.value();
  for (const NamedParameter& parameter : parameters_) {
    const Tensor& value = parameter.variable.value();
    require(value.dtype() == like.dtype() && value.device() == like.device(), name_, parameter.name, " is ",
            name_of(value.dtype()), " on ", value.device(), ", ", parameters_[0].name, " ", name_of(like.dtype()),
            " on ", like.device());
    const bool decays = decay_norms == DecayNorms::yes || parameter.kind == ParameterKind::weight;
    weight_decay_.push_back(decays ? weight_decay : 0);
  }
  device_learning_rate_ = Tensor::zeros({}, DType::f64, like.device());
  states_.push_back({"learning_rate", device_learning_rate_});
  set_learning_rate(learning_rate);
}

void Optimizer::set_learning_rate(double learning_rate) {
  require_within("learning rate", learning_rate, 0, std::numeric_limits<double>::infinity());
  learning_rate_ = learning_rate;
  device_learning_rate_.fill(learning_rate);
}

void Optimizer::clear_gradients() {
  for (NamedParameter& parameter : parameters_) parameter.variable.clear_gradient();
}

std::vector<NamedTensor> Optimizer::state() const { return states_; }

void Optimizer::load_state(const std::vector<NamedTensor>& state) {
  copy_named(name_, state, states_);
  learning_rate_ = device_learning_rate_.item();
}

std::vector<Tensor> Optimizer::add_state_like_parameters(const std::string& name) {
  std::vector<Tensor> tensors;
  for (const NamedParameter& parameter : parameters_) {
    const Tensor& value = parameter.variable.value();
    tensors.push_back(Tensor::zeros(value.shape(), value.dtype(), value.device()));
  }
  return add_state(name, tensors);
}

std::vector<Tensor> Optimizer::add_state_of_scalars(const std::string& name) {
  std::vector<Tensor> tensors;
  for (const NamedParameter& parameter : parameters_)
    tensors.push_back(Tensor::zeros({}, DType::f64, parameter.variable.value().device()));
  return add_state(name, tensors);
}

std::vector<Tensor> Optimizer::add_state(const std::string& name, const std::vector<Tensor>& tensors) {
  for (std::size_t i = 0; i < tensors.size(); ++i) states_.push_back({parameters_[i].name + "." + name, tensors[i]});
  return tensors;
}

ops::ParameterUpdate Optimizer::update_of(std::size_t i) const {
  const Variable& variable = parameters_[i].variable;
  return {.value = variable.value(), .gradient = variable.gradient(), .weight_decay = weight_decay_[i]};
}

void Optimizer::require_within(const char* what, double value, double low, double high) const {
  require(value >= low && value < high, name_, what, " expects a number in [", low, ",", high, "), got ", value);
}

}  // namespace sluice::optim
