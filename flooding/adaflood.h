// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/core/tensor.h>

namespace sluice {

// AdaFlood's level of each training sample: b_i = -log((1 - gamma) e^(-l_i) + gamma), where l_i >= 0 is the sample's
// loss under auxiliary networks that were not trained on it. Level 0 where l_i is 0, and never above -log(gamma).
// losses [N] in f32 or f64, on the host; the levels have their type. Throws std::invalid_argument for losses that are
// negative or not finite and a gamma outside [0,1]. Source: Bae et al., "AdaFlood: adaptive flood regularization",
// TMLR 2024, section 3.
Tensor adaflood_levels(const Tensor& losses, double gamma);

}  // namespace sluice
