// SPDX-License-Identifier: Apache-2.0
// Relatives of flooding on the optimiser's side: they take the gradient a second time, a little up the slope, and step
// from where they were. A training step is
//
//   backward();  sam.perturb();  backward();  sam.restore();  optimizer.step();
//
// with the same batch (and nn::Module::set_step of the same step before each, so that dropout repeats its masks). The
// buffers that are handed over, batch norm's running statistics, move once a step: restore() undoes what the second
// pass did to them. Nothing here waits for the device, and nothing is left over between steps: a checkpoint needs no
// more than the options.
#pragma once

#include <vector>

#include <sluice/core/parameter.h>

namespace sluice::optim {

class Perturbation {
 public:
  virtual ~Perturbation() = default;
  Perturbation(const Perturbation&) = delete;
  Perturbation& operator=(const Perturbation&) = delete;

  // Moves the parameters by their gradients, which it takes. Parameters without a gradient stay. Throws
  // std::logic_error where they are moved already.
  void perturb();
  // Brings parameters and buffers back, bit for bit, and leaves the gradients to step by. Throws std::logic_error where
  // nothing was moved, or a parameter that was has no gradient from the second pass.
  void restore();

 protected:
  // `blend` is the weight of the second gradient: (1 - blend) first + blend second.
  Perturbation(const std::vector<NamedParameter>& parameters, const std::vector<NamedTensor>& buffers, double blend);

 private:
  // How far to go down the gradients `first`, an f64 scalar on their device: negative goes up.
  virtual Tensor rate(const std::vector<Tensor>& first) const = 0;

  struct Moved {
    Variable variable;
    Tensor value;     // before
    Tensor gradient;  // of the first pass; undefined: not moved
  };
  struct Kept {
    Tensor buffer;
    Tensor value;
  };
  std::vector<Moved> parameters_;
  std::vector<Kept> buffers_;
  double blend_;
  bool perturbed_ = false;
};

// Sharpness-aware minimisation: the gradient at w + radius g / |g|, the norm taken over all parameters. Source: Foret,
// Kleiner, Mobahi, Neyshabur, ICLR 2021, equation 3 (without its second-order term), algorithm 1.
class Sam : public Perturbation {
 public:
  // Throws std::invalid_argument unless the radius (rho, usually 0.05) is finite and above 0.
  Sam(const std::vector<NamedParameter>& parameters, const std::vector<NamedTensor>& buffers, double radius);

 private:
  Tensor rate(const std::vector<Tensor>& first) const override;
  double radius_;
};

struct GradientPenaltyOptions {
  double strength = 0;  // gamma of gamma/2 |g|^2, above 0
  double step = 0;      // epsilon: above 0 goes up the gradient (F-GR), below 0 down (B-GR)
};

// Minimises L + strength/2 |grad L|^2 by finite differences, g(w) + strength (g(w + step g) - g(w)) / step. An ascent
// and a descent step in turns, as flooding takes them at its level, does the same implicitly. Source: Karakida et al.,
// "Understanding gradient regularization in deep learning", ICML 2023 (arXiv 2210.02720), section 3.
class GradientPenalty : public Perturbation {
 public:
  // Throws std::invalid_argument unless the strength is finite and above 0, the step finite and not 0.
  GradientPenalty(const std::vector<NamedParameter>& parameters, const std::vector<NamedTensor>& buffers,
                  const GradientPenaltyOptions& options);

 private:
  Tensor rate(const std::vector<Tensor>& first) const override;
  double step_;
};

}  // namespace sluice::optim
