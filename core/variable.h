// SPDX-License-Identifier: Apache-2.0
// A Variable is a Tensor whose history may be recorded, so that gradients can flow back through it. There are five
// kinds:
//
//   constant              Variable(tensor), v.detach()    no gradient flows into it
//   parameter             parameter(tensor)               a leaf; collects gradients over backward passes
//   input                 tape.input(tensor)              data on a tape; what is computed from it is recorded
//   watched input         tape.watched(tensor)            an input that collects its gradient as well
//   result                of an operation on the others   recorded where an input is on a tape
//
// Copies of a Variable share its value and its gradient.
#pragma once

#include <cstdint>
#include <memory>

#include <sluice/core/tensor.h>

namespace sluice {

class Tape;
namespace detail {
class GradientSlot;
struct TapeLink;
}  // namespace detail

class Variable {
 public:
  Variable() = default;
  // A constant.
  Variable(Tensor value) : value_(std::move(value)) {}

  const Tensor& value() const { return value_; }
  Tensor& value() { return value_; }
  bool defined() const { return value_.defined(); }
  const Shape& shape() const { return value_.shape(); }
  DType dtype() const { return value_.dtype(); }

  // Whether a backward pass computes a gradient for this variable.
  bool wants_gradient() const;
  // Freezes (false) or unfreezes (true) a parameter, for all copies of the variable. Operations recorded while it is
  // frozen do no work for its gradient. Freezing drops the gradient collected so far. Throws std::invalid_argument for
  // anything but a parameter or watched input: use detach() for a result.
  void requires_gradient(bool required);
  // A constant with the same elements: no gradient flows back through it.
  Variable detach() const { return Variable(value_); }

  // The tape on which this variable was recorded; nullptr for constants and parameters, and where that tape is gone.
  Tape* tape() const;

  // The collected gradient of a parameter, a watched input, or a result that was named to Tape::keep_gradient.
  // Undefined before the first backward pass that reaches this variable.
  Tensor gradient() const;
  // Throws std::invalid_argument where the variable collects no gradient or the shapes differ.
  void set_gradient(Tensor gradient);
  void clear_gradient();

 private:
  friend class Tape;
  friend class Recorder;
  friend Variable parameter(Tensor value);

  // What a result was computed from; see Recorder in core/tape.cpp.
  enum class Origin : std::uint8_t { data, parameters, unrecorded };

  Tensor value_;
  std::shared_ptr<detail::GradientSlot> slot_;  // shared by copies; none where no gradient was wanted
  std::shared_ptr<detail::TapeLink> link_;      // of the tape that the variable was recorded on
  Origin origin_ = Origin::data;
};

// A leaf that collects gradients over backward passes until clear_gradient().
Variable parameter(Tensor value);

}  // namespace sluice
