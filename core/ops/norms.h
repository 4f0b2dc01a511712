// SPDX-License-Identifier: Apache-2.0
// Normalizations of x in f32, bf16 or f64 over parts of it; kernels/norm_maps.h has the formulas, and layer_norm.h and
// batch_norm.h those with kernels of their own. weight and bias are [C], of f32 (f64 beside an x of f64), or undefined:
// 1 and 0. All throw std::invalid_argument for shapes and types that don't fit, and epsilon <= 0.
#pragma once

#include <sluice/core/tape.h>

namespace sluice::ops {

// x [N,...,C], whose channels form `groups` groups of equal size that lie side by side: each group of each sample has
// mean 0 and variance 1 before weight and bias. Wu and He, "Group normalization", ECCV 2018.
Variable group_norm(const Variable& x, std::int64_t groups, const Variable& weight = {}, const Variable& bias = {},
                    double epsilon = 1e-5);

// The same for every channel by itself. Ulyanov et al., "Instance normalization", 2016.
Variable instance_norm(const Variable& x, const Variable& weight = {}, const Variable& bias = {},
                       double epsilon = 1e-5);

// x / sqrt(mean of x^2 + epsilon) weight over the last axis of x [...,C]. Zhang and Sennrich, "Root mean square layer
// normalization", NeurIPS 2019, equation 4.
Variable rms_norm(const Variable& x, const Variable& weight = {}, double epsilon = 1e-5);

}  // namespace sluice::ops
