// SPDX-License-Identifier: Apache-2.0
// An operation with forward and backward kernels of its own: root mean square normalization (Zhang and Sennrich, "Root
// mean square layer normalization", 2019).
#pragma once

#include <sluice/core/tape.h>

// Each row of x [N,C] over the root of its mean square, times the weight [C]:
//
//   y = weight x / sqrt(mean_c x^2 + epsilon)
//
// In f32, on a CUDA device; with gradients to both. Throws std::invalid_argument for anything else.
sluice::Variable rms_norm(const sluice::Variable& x, const sluice::Variable& weight, double epsilon = 1e-6);
