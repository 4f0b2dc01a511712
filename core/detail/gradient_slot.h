// SPDX-License-Identifier: Apache-2.0
// Where the gradients that reach one variable are added up. The first is taken over, later ones are added.
#pragma once

#include <memory>
#include <vector>

#include <sluice/core/tape.h>

namespace sluice::detail {

// Outlives its tape, so that a variable can tell that the tape is gone.
struct TapeLink {
  Tape* tape = nullptr;
};

class GradientSlot {
 public:
  // Adds a gradient of the variable's shape and type. Throws std::invalid_argument where they differ, or where the part
  // of the graph that this slot belongs to was released by an earlier backward pass.
  void add(Tensor gradient);
  // The gradient 1 of the scalar at which a backward pass starts.
  void add_one(DType dtype, Device device, const Shape& shape);
  // What has arrived, which leaves the slot empty; a copy stays where the variable keeps its gradient.
  Gradient take();
  // Drops what has arrived and was not taken.
  void drop_arrived();
  // Drops the collected gradient as well.
  void clear();
  // For variables that collect: parameters, watched inputs and those that keep their gradient.
  const Tensor& collected() const { return keeps ? kept_ : arrived_; }
  bool has_arrived() const { return arrived_.defined() || one_.has_value(); }

  bool leaf = false;      // a parameter or watched input: no operation computed it
  bool frozen = false;    // no gradient is wanted at present
  bool keeps = false;     // a result whose gradient can be read after the backward pass
  bool released = false;  // its operation was released after an earlier backward pass
  const char* name = "";  // of the operation, for errors
  // A result of parameters alone waits here until an operation, or backward(), brings it to a tape.
  std::unique_ptr<Node> pending;
  Tensor pending_value;                                       // its value, for the tape's observer
  std::vector<std::shared_ptr<GradientSlot>> pending_inputs;  // those of `pending` that wait as well
  std::shared_ptr<TapeLink> adopted_by;                       // the tape that took `pending`

 private:
  Tensor arrived_;
  std::optional<Gradient::One> one_;
  Tensor kept_;
};

}  // namespace sluice::detail
