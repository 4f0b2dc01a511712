// SPDX-License-Identifier: Apache-2.0
// Batch normalisation over the last axis: y = weight (x - mean) / sqrt(variance + epsilon) + bias, mean and variance
// taken over all the other axes. kernels/batch_norm.h has the source.
#pragma once

#include <sluice/core/mode.h>
#include <sluice/core/ops/batch_moments.h>
#include <sluice/core/tape.h>

namespace sluice::ops {

struct BatchNormOptions {
  double epsilon = 1e-5;
  // running = (1 - momentum) running + momentum of the batch.
  double momentum = 0.1;
  Mode mode = Mode::train;
  // Of x; where they are defined, train mode takes mean and variance from them.
  BatchMoments moments{};
};

// Of the model so far, [C] each. Train mode updates the elements in place, with the batch's unbiased variance.
struct BatchNormStatistics {
  Tensor running_mean;
  Tensor running_var;
};

// x [N,C] or [N,H,W,C] in f32, bf16 or f64; weight, bias and the running statistics [C] in f32 (f64 beside an x of
// f64). Train mode normalises by the batch, eval mode by the running statistics. Throws std::invalid_argument where
// shapes or types don't fit, and in train mode where x has a single value a channel.
Variable batch_norm(const Variable& x, const Variable& weight, const Variable& bias, BatchNormStatistics& statistics,
                    const BatchNormOptions& options = {});

}  // namespace sluice::ops
