// SPDX-License-Identifier: Apache-2.0
// Norms of a loss's gradient that do not change when a layer is multiplied by a factor which the next one takes back, a
// measure of how sharp a minimum is. They read the gradients that a backward pass left in the parameters; those
// without one are passed over.
#pragma once

#include <vector>

#include <sluice/core/parameter.h>

namespace sluice::analysis {

struct GradientNorms {
  double plain = 0;   // |g|
  double tensor = 0;  // sqrt(sum over the parameters of |w|^2 |g|^2): takashiishida/flooding, the authors' code
  double filter = 0;  // sqrt(sum over the filters of |w_f|^2 |g_f|^2), with Li et al.'s filters
};

// A filter is the weights of one output, [k,...] of a parameter of rank 2 or more; smaller parameters (biases,
// normalisation) have none, as in Li, Xu, Taylor, Studer, Goldstein, "Visualizing the loss landscape of neural nets",
// NeurIPS 2018, section 4.
GradientNorms gradient_norms(const std::vector<NamedParameter>& parameters);

}  // namespace sluice::analysis
