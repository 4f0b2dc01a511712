// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/tape.h>

#include <algorithm>

#include <sluice/core/unit_gradient.h>
#include <sluice/kernels/elementwise.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice {

void GradientSlot::add(Tensor gradient) {
  if (!gradient_.defined()) {
    gradient_ = std::move(gradient);
    return;
  }
  require(gradient.shape() == gradient_.shape() && gradient.dtype() == gradient_.dtype(), "gradient", "of ",
          name_of(gradient_.dtype()), gradient_.shape(), " met one of ", name_of(gradient.dtype()), gradient.shape());
  // The sum goes where nobody else looks: into either of the two that is not shared, else into a new tensor.
  Tensor sum = gradient_.unique()  ? gradient_
               : gradient.unique() ? gradient
                                   : Tensor::empty(gradient.shape(), gradient.dtype(), gradient.device());
  with_float_type(sum.dtype(), "gradient", [&](auto tag) {
    using T = decltype(tag);
    SLUICE_KERNEL(T, exec_of(sum), add, sum.size(), gradient_.ptr<T>(), gradient.ptr<T>(), sum.ptr<T>());
  });
  gradient_ = std::move(sum);
}

void Variable::set_gradient(Tensor gradient) {
  require(slot_ != nullptr, "gradient", "this variable wants none");
  require(gradient.shape() == shape(), "gradient", "of shape ", gradient.shape(), " for a variable of shape ", shape());
  slot_->clear();
  slot_->add(std::move(gradient));
}

Variable parameter(Tensor value) {
  Variable leaf(std::move(value));
  leaf.slot_ = std::make_shared<GradientSlot>();
  return leaf;
}

Variable Tape::input(Tensor value) {
  Variable variable(std::move(value));
  variable.tape_ = this;
  return variable;
}

Variable Tape::watched(Tensor value) {
  Variable variable = parameter(std::move(value));
  variable.tape_ = this;
  return variable;
}

Variable Tape::use(const Variable& parameter) {
  require(parameter.tape() == nullptr || parameter.tape() == this, "tape", "the variable was recorded on another tape");
  Variable variable = parameter;
  variable.tape_ = this;
  return variable;
}

void Tape::backward(const Variable& loss) {
  require(loss.defined() && loss.value().size() == 1, "backward", "expects a scalar loss, got ", loss.shape());
  backward(loss, unit_gradient(loss.dtype(), loss.value().device()).reshape(loss.shape()));
}

void Tape::backward(const Variable& result, Tensor gradient) {
  require(result.tape() == this, "backward", "the loss was not recorded on this tape");
  if (!result.wants_gradient()) return clear();
  result.slot_->add(std::move(gradient));
  while (!nodes_.empty()) {
    Node node = std::move(nodes_.back());
    nodes_.pop_back();
    Tensor arrived = node.result->take();
    if (!arrived.defined()) continue;
    node.backward(std::move(arrived), node.inputs);
    if (observer_) observer_(node.name, TapeEvent::ran_back);
  }
}

Variable record(const char* name, Tensor value, std::initializer_list<const Variable*> inputs, Backward backward) {
  Tape* tape = nullptr;
  bool wanted = false;
  for (const Variable* input : inputs) {
    wanted |= input->wants_gradient();
    if (input->tape() == nullptr) continue;
    require(tape == nullptr || tape == input->tape(), name, "inputs were recorded on two different tapes");
    tape = input->tape();
  }
  Variable result(std::move(value));
  if (tape == nullptr) return result;
  result.tape_ = tape;
  if (!wanted) return result;
  result.slot_ = std::make_shared<GradientSlot>();
  Tape::Node node{.name = name, .result = result.slot_, .inputs = {}, .backward = std::move(backward)};
  for (const Variable* input : inputs) node.inputs.slots_.push_back(input->slot_);
  tape->nodes_.push_back(std::move(node));
  if (tape->observer_) tape->observer_(name, TapeEvent::recorded);
  return result;
}

}  // namespace sluice
