// SPDX-License-Identifier: Apache-2.0
// Stochastic gradient descent with momentum, step by step what torch.optim.SGD does with dampening 0: the velocity
// starts at the first gradient and holds no learning rate, weight decay is added to the gradient.
#pragma once

#include <sluice/optim/optimizer.h>

namespace sluice::optim {

// Nesterov's look ahead (Sutskever et al., "On the importance of initialization and momentum in deep learning", 2013).
enum class Nesterov : bool { no, yes };

struct SgdOptions {
  double learning_rate = 0.1;
  double momentum = 0;  // in [0,1)
  Nesterov nesterov = Nesterov::no;
  double weight_decay = 0;  // at least 0
  DecayNorms decay_norms = DecayNorms::yes;
};

class Sgd : public Optimizer {
 public:
  // Throws std::invalid_argument for numbers outside their ranges and for Nesterov without momentum.
  Sgd(std::vector<NamedParameter> parameters, const SgdOptions& options);
  void step() override;

 private:
  ops::SgdSettings settings_;
  std::vector<Tensor> velocity_;  // empty without momentum
};

}  // namespace sluice::optim
