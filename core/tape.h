// SPDX-License-Identifier: Apache-2.0
// Reverse-mode automatic differentiation on a list (the Wengert list). Operations append their way back in the order of
// the calls; backward() walks the list backwards. No recursion, no sort, no map. First order only.
//
//   Tape tape;
//   Variable loss = ops::flood(ops::softmax_cross_entropy(model(tape.input(images)), labels), level);
//   tape.backward(loss);
#pragma once

#include <functional>
#include <initializer_list>
#include <memory>
#include <vector>

#include <sluice/core/variable.h>

namespace sluice {

class Gradients;

// Takes the gradient of the result (its storage may be reused when unique()) and adds to those of the inputs.
using Backward = std::function<void(Tensor gradient, Gradients& inputs)>;

// The result of an operation named `name`. Recorded if, and only if, an input carries a tape; `backward` is dropped
// otherwise. Undefined inputs are allowed (an absent bias). Throws where inputs carry two tapes.
Variable record(const char* name, Tensor value, std::initializer_list<const Variable*> inputs, Backward backward);

// The inputs' slots, as an operation's way back sees them.
class Gradients {
 public:
  // Whether input i needs a gradient; a way back skips the work otherwise.
  bool wants(std::size_t i) const { return slots_[i] != nullptr; }
  void add(std::size_t i, Tensor gradient) {
    if (slots_[i]) slots_[i]->add(std::move(gradient));
  }

 private:
  friend Variable record(const char*, Tensor, std::initializer_list<const Variable*>, Backward);
  std::vector<std::shared_ptr<GradientSlot>> slots_;
};

// Called as an operation of that name has been recorded, and as its way back has run: the clock of a profile.
enum class TapeEvent : unsigned char { recorded, ran_back };
using TapeObserver = std::function<void(const char* name, TapeEvent)>;

class Tape {
 public:
  Tape() = default;
  explicit Tape(TapeObserver observer) : observer_(std::move(observer)) {}
  Tape(const Tape&) = delete;
  Tape& operator=(const Tape&) = delete;

  // Data enters here: what is computed from it is recorded, but it wants no gradient itself.
  Variable input(Tensor value);
  // Like input, and its gradient can be read after backward().
  Variable watched(Tensor value);

  // A parameter that meets no data (in a penalty on weights, say) enters here, else nothing computed from it alone is
  // recorded.
  Variable use(const Variable& parameter);

  // Runs the recorded operations backwards from a scalar `loss` whose gradient is 1, and empties the tape: a node is
  // destroyed as it has run, so what it saved is freed early. Throws std::invalid_argument where the loss is not a
  // scalar of this tape, and NumericError never: a NaN travels.
  void backward(const Variable& loss);
  // The same from any result, with its gradient given.
  void backward(const Variable& result, Tensor gradient);

  std::size_t size() const { return nodes_.size(); }
  void clear() { nodes_.clear(); }

 private:
  friend Variable record(const char*, Tensor, std::initializer_list<const Variable*>, Backward);

  struct Node {
    const char* name;
    std::shared_ptr<GradientSlot> result;
    Gradients inputs;
    Backward backward;
  };
  std::vector<Node> nodes_;
  TapeObserver observer_;
};

}  // namespace sluice
