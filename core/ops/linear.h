// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/core/tape.h>

namespace sluice::ops {

// y = x W' + b of x [N,C] in f32, bf16 or f64, weight [K,C] and bias [K] (or undefined: none) in f32 (f64 beside an x
// of f64), to [N,K]. Throws std::invalid_argument where shapes or types don't fit.
Variable linear(const Variable& x, const Variable& weight, const Variable& bias = {});

}  // namespace sluice::ops
