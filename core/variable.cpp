// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/variable.h>

#include <utility>

#include <sluice/core/detail/gradient_slot.h>
#include <sluice/kernels/elementwise.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice {
namespace {

Tensor sum_of(Tensor a, Tensor b) {
  require(a.shape() == b.shape() && a.dtype() == b.dtype(), "gradient", "of ", name_of(a.dtype()), a.shape(),
          " met one of ", name_of(b.dtype()), b.shape());
  // The sum is written into either of the two that nothing else shares, else into a new tensor.
  Tensor sum = a.unique() ? a : b.unique() ? b : Tensor::empty(a.shape(), a.dtype(), a.device());
  dispatch(exec_of(sum), sum.dtype(), "gradient", [&]<class Device, class T>() {
    kernels::Elementwise<Device>::add(exec_of(sum), sum.size(), a.data<T>(), b.data<T>(), sum.mutable_data<T>());
  });
  return sum;
}

}  // namespace

namespace detail {

void GradientSlot::add(Tensor gradient) {
  require(!released, "backward", "the graph below '", name,
          "' was released by an earlier backward pass; call backward(loss, KeepGraph::yes) in all passes but the last");
  if (frozen) return;  // since the operation was recorded
  if (one_) {
    arrived_ = Gradient(*one_);
    one_.reset();
  }
  arrived_ = arrived_.defined() ? sum_of(std::move(arrived_), std::move(gradient)) : std::move(gradient);
}

void GradientSlot::add_one(DType dtype, Device device, const Shape& shape) {
  // A leaf collects a tensor; elsewhere the number need not be stored.
  if (leaf || has_arrived() || released)
    add(Tensor::full(shape, 1, dtype, device));
  else
    one_ = Gradient::One{dtype, device, shape};
}

Gradient GradientSlot::take() {
  if (one_ && !keeps) {
    Gradient one(*one_);
    one_.reset();
    return one;
  }
  if (one_) arrived_ = Gradient(*std::exchange(one_, std::nullopt));
  if (keeps) kept_ = kept_.defined() ? sum_of(std::move(kept_), arrived_) : arrived_;
  return Gradient(std::exchange(arrived_, Tensor{}));
}

void GradientSlot::drop_arrived() {
  arrived_ = {};
  one_.reset();
}

void GradientSlot::clear() {
  drop_arrived();
  kept_ = {};
}

}  // namespace detail

Variable parameter(Tensor value) {
  Variable leaf(std::move(value));
  leaf.slot_ = std::make_shared<detail::GradientSlot>();
  leaf.slot_->leaf = true;
  leaf.slot_->name = "parameter";
  leaf.origin_ = Variable::Origin::parameters;
  return leaf;
}

bool Variable::wants_gradient() const { return slot_ != nullptr && !slot_->frozen; }

void Variable::requires_gradient(bool required) {
  require(slot_ != nullptr && slot_->leaf, "requires_gradient",
          "expects a parameter or a watched input; use detach() for a result");
  slot_->frozen = !required;
  if (!required) slot_->clear();
}

Tape* Variable::tape() const {
  if (link_ != nullptr) return link_->tape;
  return slot_ != nullptr && slot_->adopted_by != nullptr ? slot_->adopted_by->tape : nullptr;
}

Tensor Variable::gradient() const { return slot_ != nullptr ? slot_->collected() : Tensor{}; }

void Variable::set_gradient(Tensor gradient) {
  require(slot_ != nullptr && slot_->leaf && !slot_->frozen, "gradient", "this variable collects none");
  require(gradient.shape() == shape(), "gradient", "of shape ", gradient.shape(), " for a variable of shape ", shape());
  slot_->clear();
  slot_->add(std::move(gradient));
}

void Variable::clear_gradient() {
  if (slot_ != nullptr) slot_->clear();
}

}  // namespace sluice
