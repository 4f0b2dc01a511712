// SPDX-License-Identifier: Apache-2.0
// Reverse-mode automatic differentiation on a list (the Wengert list). Each operation appends its backward pass when it
// is called; backward() walks the list from its end. No recursion over the graph, no sorting. First order only: a
// backward pass is not recorded itself, so there are no gradients of gradients.
//
//   Tape tape;
//   Variable loss = ops::flood(ops::softmax_cross_entropy(model(tape.input(images)), labels), level);
//   tape.backward(loss);
//
// A tape belongs to one thread and one training step.
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <sluice/core/variable.h>

namespace sluice {

class Gradients;

// The gradient that arrived at a result. It converts to a Tensor, whose storage an operation may reuse when it is
// unique().
class Gradient {
 public:
  struct One {
    DType dtype;
    Device device;
    Shape shape;
  };
  explicit Gradient(Tensor tensor) : tensor_(std::move(tensor)) {}
  explicit Gradient(One one) : one_(std::move(one)) {}

  // Whether it is known to be the number 1, as where backward() starts at this very result; a multiplication can be
  // saved.
  bool is_one() const { return one_.has_value(); }
  operator Tensor() && { return one_ ? Tensor::full(one_->shape, 1, one_->dtype, one_->device) : std::move(tensor_); }

 private:
  Tensor tensor_;
  std::optional<One> one_;
};

// The backward pass of one operation: takes the gradient of its result and adds to those of its inputs. A lambda may
// take a Tensor or a Gradient first. It runs once, or once for each backward pass with KeepGraph::yes (see runs_again).
using Backward = std::function<void(Gradient gradient, Gradients& inputs)>;

// The result of an operation named `name` (a string that lives as long as the program). Recorded where an input is on a
// tape and one wants a gradient; `backward` is dropped otherwise. Undefined inputs are allowed (an absent bias).
//
// A result of parameters alone, `ops::multiply(weight, 3)`, is recorded when it meets a tape, with no call of yours. A
// result of parameters and constants without a tape, as in evaluation, is not recorded; to use it with a tape would
// lose the gradients of those parameters, which throws.
//
// Throws std::invalid_argument, naming the operation, where an input belongs to a tape that is gone, to another tape
// than its neighbor, or lost its history as described.
Variable record(const char* name, Tensor value, std::span<const Variable* const> inputs, Backward backward);
Variable record(const char* name, Tensor value, std::initializer_list<const Variable*> inputs, Backward backward);

// The gradients of an operation's inputs, as its backward pass sees them.
class Gradients {
 public:
  // Whether input i needs a gradient; a backward pass skips the work otherwise.
  bool wants(std::size_t i) const { return slots_[i] != nullptr; }
  // Adds a gradient of input i's shape and type; nothing happens where it needs none.
  void add(std::size_t i, Tensor gradient);
  // Whether this backward pass can run once more, so that tensors which it saved must not be changed or moved away.
  bool runs_again() const { return runs_again_; }

 private:
  friend class Recorder;
  friend class Tape;
  std::vector<std::shared_ptr<detail::GradientSlot>> slots_;
  bool runs_again_ = false;
};

namespace detail {
// One recorded operation.
struct Node {
  const char* name;
  std::shared_ptr<GradientSlot> result;
  Gradients inputs;
  Backward backward;
};
}  // namespace detail

enum class TapePhase : unsigned char {
  recorded,  // the operation has run; `tensor` is its result
  gradient,  // its backward pass starts; `tensor` is the gradient of its result
  ran_back,  // its backward pass has run; `tensor` is undefined
};
// Called for every recorded operation, in order. A hook that keeps a tensor keeps its memory alive.
using TapeObserver = std::function<void(const char* name, TapePhase phase, const Tensor& tensor)>;

// Whether backward() keeps what the operations saved, so that another backward pass can go through them.
enum class KeepGraph : bool { no, yes };

class Tape {
 public:
  Tape() : Tape(TapeObserver{}) {}
  explicit Tape(TapeObserver observer);
  ~Tape();
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  // Data enters here: what is computed from it is recorded, but it collects no gradient itself.
  Variable input(Tensor value);
  // Like input, and its gradient can be read after backward().
  Variable watched(Tensor value);

  // Makes gradient() of a result readable after the backward passes to come. Throws std::invalid_argument unless
  // `result` is on this tape and wants a gradient.
  void keep_gradient(const Variable& result);

  // Runs the recorded operations backwards from a scalar `loss`, whose gradient is 1. With KeepGraph::no every
  // operation of the tape is released, as soon as it has run, which frees memory early; a later backward pass through
  // them throws. With KeepGraph::yes they stay: several losses of one forward pass add up their gradients,
  //
  //   tape.backward(first, KeepGraph::yes);
  //   tape.backward(second);
  //
  // Throws std::invalid_argument where the loss is not a scalar, was not recorded on this tape, wants no gradient, or
  // has been released. NaN is not checked; it propagates.
  void backward(const Variable& loss, KeepGraph keep = KeepGraph::no);
  // The same from any result, with its gradient, a tensor of the same shape and type.
  void backward(const Variable& result, Tensor gradient, KeepGraph keep = KeepGraph::no);

  // The number of operations that are recorded and not released.
  std::size_t size() const { return nodes_.size(); }
  // Releases all of them.
  void clear();

 private:
  friend class Recorder;

  void start(const Variable& result) const;
  void run(KeepGraph keep);

  std::vector<detail::Node> nodes_;
  TapeObserver observer_;
  std::shared_ptr<detail::TapeLink> link_;
};

}  // namespace sluice
