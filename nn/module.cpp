// SPDX-License-Identifier: Apache-2.0
#include <sluice/nn/module.h>

namespace sluice::nn {

std::vector<NamedParameter> Module::parameters() const {
  std::vector<NamedParameter> parameters;
  std::vector<NamedTensor> buffers;
  gather("", parameters, buffers);
  return parameters;
}

std::vector<NamedTensor> Module::buffers() const {
  std::vector<NamedParameter> parameters;
  std::vector<NamedTensor> buffers;
  gather("", parameters, buffers);
  return buffers;
}

void Module::gather(const std::string& prefix, std::vector<NamedParameter>& parameters,
                    std::vector<NamedTensor>& buffers) const {
  for (const Parameter& own : parameters_)
    parameters.push_back({prefix + own.name, *own.variable, own.kind, own.image});
  for (const auto& [name, tensor] : buffers_) buffers.push_back({prefix + name, *tensor});
  for (const auto& [name, module] : modules_) module->gather(prefix + name + ".", parameters, buffers);
}

void Module::clear_gradients() {
  for (const Parameter& own : parameters_) own.variable->clear_gradient();
  for (const auto& [name, module] : modules_) module->clear_gradients();
}

void Module::requires_gradient(bool required) {
  for (const Parameter& own : parameters_) own.variable->requires_gradient(required);
  for (const auto& [name, module] : modules_) module->requires_gradient(required);
}

void Module::to(Device device) {
  for (const Parameter& own : parameters_) {
    own.variable->clear_gradient();
    own.variable->value() = own.variable->value().to(device);
  }
  for (const auto& [name, tensor] : buffers_) *tensor = tensor->to(device);
  for (const auto& [name, module] : modules_) module->to(device);
}

void Module::set_mode(Mode mode) {
  mode_ = mode;
  for (const auto& [name, module] : modules_) module->set_mode(mode);
}

void Module::set_step(std::int64_t step) {
  for (const auto& [name, module] : modules_) module->set_step(step);
}

void Module::register_parameter(std::string name, Variable& member, ParameterKind kind, const Shape& image) {
  if (member.defined()) parameters_.push_back({std::move(name), &member, kind, image});
}

void Module::register_buffer(std::string name, Tensor& member) { buffers_.emplace_back(std::move(name), &member); }

void Module::register_module(std::string name, Module& member) { modules_.emplace_back(std::move(name), &member); }

}  // namespace sluice::nn
