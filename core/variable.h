// SPDX-License-Identifier: Apache-2.0
// A Variable is a Tensor that may be recorded: it can carry a tape (an input or a result of recorded operations) and a
// slot in which its gradient is gathered. Parameters have a slot and no tape; inputs a tape and no slot.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>

#include <sluice/core/tensor.h>

namespace sluice {

class Tape;
class Gradients;

// Where the gradients that reach a variable meet. The first assigns, later ones add.
class GradientSlot {
 public:
  // Adds a gradient of the variable's shape. Takes over its storage where it is the first.
  void add(Tensor gradient);
  const Tensor& gradient() const { return gradient_; }
  Tensor take() { return std::move(gradient_); }
  void clear() { gradient_ = {}; }

 private:
  Tensor gradient_;
};

class Variable {
 public:
  Variable() = default;
  // A constant: not recorded, wants no gradient.
  Variable(Tensor value) : value_(std::move(value)) {}

  const Tensor& value() const { return value_; }
  Tensor& value() { return value_; }
  bool defined() const { return value_.defined(); }
  const Shape& shape() const { return value_.shape(); }
  DType dtype() const { return value_.dtype(); }

  bool wants_gradient() const { return slot_ != nullptr; }
  Tape* tape() const { return tape_; }
  // Undefined before the first backward pass that reaches this variable. Kept for parameters only.
  Tensor gradient() const { return slot_ ? slot_->gradient() : Tensor{}; }
  void set_gradient(Tensor gradient);
  void clear_gradient() {
    if (slot_) slot_->clear();
  }

 private:
  friend class Tape;
  friend Variable parameter(Tensor value);
  friend Variable record(const char*, Tensor, std::initializer_list<const Variable*>,
                         std::function<void(Tensor, Gradients&)>);

  Tensor value_;
  std::shared_ptr<GradientSlot> slot_;
  Tape* tape_ = nullptr;
};

// A leaf that gathers gradients over backward passes until clear_gradient().
Variable parameter(Tensor value);

}  // namespace sluice
