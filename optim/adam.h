// SPDX-License-Identifier: Apache-2.0
// Adam and AdamW, step by step what torch.optim.Adam and torch.optim.AdamW do without amsgrad.
#pragma once

#include <sluice/optim/optimizer.h>

namespace sluice::optim {

// Weight decay is added to the gradient (Adam) or taken off the weights beside it (AdamW).
using ops::Decay;

struct AdamOptions {
  double learning_rate = 1e-3;
  double beta1 = 0.9;     // in [0,1)
  double beta2 = 0.999;   // in [0,1)
  double epsilon = 1e-8;  // at least 0
  double weight_decay = 0;
  Decay decay = Decay::coupled;
  DecayNorms decay_norms = DecayNorms::yes;
};

// Kingma and Ba, "Adam: a method for stochastic optimization", 2015, algorithm 1; with Decay::decoupled AdamW:
// Loshchilov and Hutter, "Decoupled weight decay regularization", 2019, algorithm 2.
class Adam : public Optimizer {
 public:
  // Throws std::invalid_argument for numbers outside their ranges.
  Adam(std::vector<NamedParameter> parameters, const AdamOptions& options);
  void step() override;

 private:
  ops::AdamSettings settings_;
  std::vector<Tensor> first_moment_, second_moment_, step_;
};

}  // namespace sluice::optim
