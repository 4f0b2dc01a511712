// SPDX-License-Identifier: Apache-2.0
// RelaxLoss (Chen, Yu, Fritz, ICLR 2022, algorithm 1): flooding and posterior flattening in turns, which keeps the
// losses of training images where those of unseen ones are. kernels/posterior_flattening.h has the equation.
#pragma once

#include <sluice/core/tape.h>

namespace sluice::ops {

// Even epochs flood, odd ones flatten.
enum class RelaxPhase : unsigned char { flood, flatten };
constexpr RelaxPhase relax_phase(std::int64_t epoch) {
  return epoch % 2 == 0 ? RelaxPhase::flood : RelaxPhase::flatten;
}

struct RelaxedLoss {
  Variable loss;  // the scalar to differentiate
  Tensor mean;    // the mean cross entropy L: what is logged as the loss
};

// flood: |L - alpha| + alpha, which is the paper's |L - alpha| but for a constant. flatten: L above the level alpha; at
// and below it, -L, and for the rows whose label is not the network's choice the cross entropy with a soft label that
// keeps the label's probability and spreads the rest evenly. Level 0 is the mean cross entropy in both.
// logits [N,C], C >= 2, in f32, bf16 or f64; labels i32 [N] in [0,C). Throws std::invalid_argument where these don't
// fit (labels on the CPU only), or the level is negative or not finite.
RelaxedLoss relax_loss(const Variable& logits, const Tensor& labels, double level, RelaxPhase phase);

}  // namespace sluice::ops
