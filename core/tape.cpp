// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/tape.h>

#include <utility>

#include <sluice/core/detail/gradient_slot.h>

namespace sluice {

using detail::GradientSlot;
using detail::Node;
using detail::TapeLink;

// Decides what becomes of an operation's result; the only code that knows how histories meet.
class Recorder {
 public:
  Recorder(const char* name, std::span<const Variable* const> inputs) : name_(name), inputs_(inputs) {
    for (std::size_t i = 0; i < inputs.size(); ++i) look_at(i);
  }

  Variable record(Tensor value, Backward backward) const {
    Variable result(std::move(value));
    if (tape_ != nullptr) {
      require_history();
      result.link_ = tape_->link_;
      if (!wanted_) return result;
      result.slot_ = std::make_shared<GradientSlot>();
      for (const Variable* input : inputs_)
        if (input->slot_ != nullptr) adopt(*tape_, input->slot_);
      append(*tape_, result.slot_, node(result.slot_, std::move(backward)), result.value_);
      return result;
    }
    if (all_parameters_) {
      result.origin_ = Variable::Origin::parameters;
      if (!wanted_) return result;
      result.slot_ = std::make_shared<GradientSlot>();
      result.slot_->name = name_;
      result.slot_->pending_value = result.value_;
      result.slot_->pending = std::make_unique<Node>(node(nullptr, std::move(backward)));
      for (const Variable* input : inputs_)
        if (input->slot_ != nullptr && input->slot_->pending) result.slot_->pending_inputs.push_back(input->slot_);
    } else if (wanted_ || unrecorded_) {
      result.origin_ = Variable::Origin::unrecorded;
    }
    return result;
  }

  // Moves the operations of parameters alone that lead to `slot` onto the tape, each after those that it depends on.
  static void adopt(Tape& tape, const std::shared_ptr<GradientSlot>& slot) {
    if (!slot->pending) return;
    for (const auto& input : slot->pending_inputs) adopt(tape, input);
    slot->pending_inputs.clear();
    Node node = std::move(*slot->pending);
    slot->pending.reset();
    node.result = slot;
    slot->adopted_by = tape.link_;
    append(tape, slot, std::move(node), std::exchange(slot->pending_value, Tensor{}));
  }

 private:
  void look_at(std::size_t i) {
    const Variable& input = *inputs_[i];
    if (!input.defined()) return;
    wanted_ |= input.wants_gradient();
    unrecorded_ |= input.origin_ == Variable::Origin::unrecorded;
    const TapeLink* link = link_of(input);
    all_parameters_ &= link == nullptr && input.origin_ == Variable::Origin::parameters;
    if (link == nullptr) return;
    require(
        link->tape != nullptr, name_, "input ", i,
        " was recorded on a tape that is gone; compute it anew on this one, or detach() it to use it as a constant");
    require(tape_ == nullptr || tape_ == link->tape, name_, "input ", i,
            " was recorded on another tape than an input before it");
    tape_ = link->tape;
  }

  static const TapeLink* link_of(const Variable& variable) {
    if (variable.link_ != nullptr) return variable.link_.get();
    return variable.slot_ != nullptr ? variable.slot_->adopted_by.get() : nullptr;
  }

  void require_history() const {
    for (std::size_t i = 0; i < inputs_.size(); ++i)
      require(inputs_[i]->origin_ != Variable::Origin::unrecorded, name_, "input ", i,
              " was computed from parameters and constants without a tape, so their gradients would be lost; enter the "
              "constants by tape.input(), or detach() that input");
  }

  Node node(std::shared_ptr<GradientSlot> result, Backward backward) const {
    Node node{.name = name_, .result = std::move(result), .inputs = {}, .backward = std::move(backward)};
    for (const Variable* input : inputs_)
      node.inputs.slots_.push_back(input->wants_gradient() ? input->slot_ : nullptr);
    return node;
  }

  static void append(Tape& tape, const std::shared_ptr<GradientSlot>& slot, Node node, const Tensor& value) {
    slot->name = node.name;
    tape.nodes_.push_back(std::move(node));
    if (tape.observer_) tape.observer_(slot->name, TapePhase::recorded, value);
  }

  const char* name_;
  std::span<const Variable* const> inputs_;
  Tape* tape_ = nullptr;
  bool wanted_ = false, unrecorded_ = false, all_parameters_ = true;
};

Variable record(const char* name, Tensor value, std::span<const Variable* const> inputs, Backward backward) {
  return Recorder(name, inputs).record(std::move(value), std::move(backward));
}

Variable record(const char* name, Tensor value, std::initializer_list<const Variable*> inputs, Backward backward) {
  return record(name, std::move(value), std::span(inputs.begin(), inputs.size()), std::move(backward));
}

void Gradients::add(std::size_t i, Tensor gradient) {
  if (slots_[i]) slots_[i]->add(std::move(gradient));
}

Tape::Tape(TapeObserver observer) : observer_(std::move(observer)), link_(std::make_shared<TapeLink>(this)) {}

Tape::~Tape() {
  clear();
  link_->tape = nullptr;
}

Variable Tape::input(Tensor value) {
  Variable variable(std::move(value));
  variable.link_ = link_;
  return variable;
}

Variable Tape::watched(Tensor value) {
  Variable variable = parameter(std::move(value));
  variable.origin_ = Variable::Origin::data;
  variable.link_ = link_;
  return variable;
}

void Tape::keep_gradient(const Variable& result) {
  start(result);
  require(!result.slot_->released, "keep_gradient",
          "the graph of this result was released by an earlier backward pass");
  if (!result.slot_->leaf) result.slot_->keeps = true;
}

// Throws unless gradients can flow back from `result` on this tape.
void Tape::start(const Variable& result) const {
  require(result.defined(), "backward", "expects a result, got an undefined variable");
  const bool waits = result.slot_ != nullptr && result.slot_->pending != nullptr;
  require(waits || result.tape() == this, "backward", "the result was not recorded on this tape");
  require(result.wants_gradient(), "backward",
          "the result wants no gradient: it was computed from no parameter, or from frozen ones only");
}

void Tape::backward(const Variable& loss, KeepGraph keep) {
  start(loss);
  require(loss.value().size() == 1, "backward", "expects a scalar loss, got ", loss.shape());
  Recorder::adopt(*this, loss.slot_);
  loss.slot_->add_one(loss.dtype(), loss.value().device(), loss.shape());
  run(keep);
}

void Tape::backward(const Variable& result, Tensor gradient, KeepGraph keep) {
  start(result);
  require(gradient.defined() && gradient.shape() == result.shape() && gradient.dtype() == result.dtype(), "backward",
          "expects a gradient of ", name_of(result.dtype()), result.shape(), ", got ",
          gradient.defined() ? name_of(gradient.dtype()) : "an undefined one", gradient.shape());
  Recorder::adopt(*this, result.slot_);
  result.slot_->add(std::move(gradient));
  run(keep);
}

void Tape::run(KeepGraph keep) {
  try {
    for (std::size_t i = nodes_.size(); i-- > 0;) {
      Node& node = nodes_[i];
      if (node.result->has_arrived()) {
        Gradient gradient = node.result->take();
        if (observer_) {
          Tensor seen = std::move(gradient);
          observer_(node.name, TapePhase::gradient, seen);
          gradient = Gradient(std::move(seen));
        }
        node.inputs.runs_again_ = keep == KeepGraph::yes;
        node.backward(std::move(gradient), node.inputs);
        if (observer_) observer_(node.name, TapePhase::ran_back, {});
      }
      if (keep == KeepGraph::yes) continue;
      node.result->released = true;
      nodes_.pop_back();
    }
  } catch (...) {
    clear();  // gradients that are under way would be added to the next pass
    throw;
  }
}

void Tape::clear() {
  // From the end, as a backward pass does, so that a long chain is not destroyed by recursion.
  while (!nodes_.empty()) {
    nodes_.back().result->released = true;
    nodes_.back().result->drop_arrived();
    nodes_.pop_back();
  }
}

}  // namespace sluice
