// SPDX-License-Identifier: Apache-2.0
// Layer normalisation over the last axis: y = weight (x - mean) / sqrt(variance + epsilon) + bias, mean and variance
// taken over each row. kernels/layer_norm.h has the source.
#pragma once

#include <sluice/core/tape.h>

namespace sluice::ops {

// x [...,C] in f32, bf16 or f64; weight and bias [C] in f32 (f64 beside an x of f64). Throws std::invalid_argument
// where shapes or types don't fit.
Variable layer_norm(const Variable& x, const Variable& weight, const Variable& bias, double epsilon = 1e-5);

}  // namespace sluice::ops
