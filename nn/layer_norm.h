// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/nn/initialiser.h>
#include <sluice/nn/module.h>

namespace sluice::nn {

// x [...,C] -> the same shape, each row normalised over C. Parameters: weight [C], at first 1, and bias [C], at first
// 0.
class LayerNorm : public Module {
 public:
  LayerNorm(std::int64_t channels, Initialiser& initialiser, double epsilon = 1e-5);
  Variable forward(const Variable& x) override;

 private:
  double epsilon_;
  Variable weight_, bias_;
};

}  // namespace sluice::nn
