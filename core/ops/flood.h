// SPDX-License-Identifier: Apache-2.0
// Flooding (Ishida et al., ICML 2020, section 3): keeps the training loss near a level b by turning the gradient round
// below it. Training only: what is logged, and every evaluation, is the unflooded loss.
#pragma once

#include <sluice/core/tape.h>

namespace sluice::ops {

// |L - b| + b of a mini-batch's mean loss L, a scalar in f32 or f64, in which the comparison is made as well. The
// gradient is multiplied by sign(L - b): 1 above the level, -1 below, 0 at it. Level 0 returns `loss` itself.
// Throws std::invalid_argument where the level is negative, infinite or NaN, or the loss no such scalar.
Variable flood(const Variable& loss, double level);
// The same at a level that is read where the loss is, whenever the operation runs: an f64 scalar on its device, finite
// and at least 0, which it does not look at beforehand.
Variable flood(const Variable& loss, const Tensor& level);

// sign(L - b) in {-1, 0, 1}, a scalar of f32 on the loss's device; 1 at level 0. For gradients that were gathered over
// micro-batches: decide once, on the mean loss of the whole batch, and multiply the gathered gradients by it.
Tensor flood_sign(const Tensor& mean_loss, double level);
Tensor flood_sign(const Tensor& mean_loss, const Tensor& level);

}  // namespace sluice::ops
