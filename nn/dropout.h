// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/nn/initialiser.h>
#include <sluice/nn/module.h>

namespace sluice::nn {

// Dropout (Srivastava et al., 2014), scaled in training so that evaluation is the identity. The mask is a function of
// (seed, step, passes since set_step): the micro-batches of a step differ, and so do passes where nobody sets a step.
class Dropout : public Module {
 public:
  // `probability` in [0,1); the seed is the initialiser's next dropout_seed().
  Dropout(double probability, Initialiser& initialiser);
  Variable forward(const Variable& x) override;
  void set_step(std::int64_t step) override;
  // Whether forward is the identity: in eval mode, and where nothing is dropped.
  bool keeps_all() const { return mode() == Mode::eval || probability_ == 0; }

 private:
  double probability_;
  std::uint64_t seed_;
  std::int64_t step_ = 0;
  Tensor step_in_memory_;  // the same where the activations are, at one place for all steps
  std::uint32_t passes_ = 0;
};

}  // namespace sluice::nn
