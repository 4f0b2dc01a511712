// SPDX-License-Identifier: Apache-2.0
// Functions of each element of x, of any shape; f32, bf16 and f64, with a gradient. kernels/functions.h has their
// derivatives. Where it says so, integers too, without a gradient.
#pragma once

#include <sluice/core/tape.h>

namespace sluice::ops {

Variable negative(const Variable& x);  // integers too
Variable abs(const Variable& x);       // derivative 0 at 0; integers too
Variable sign(const Variable& x);      // -1, 0 or 1; gradient 0; integers too
Variable square(const Variable& x);    // integers too
Variable sqrt(const Variable& x);
Variable rsqrt(const Variable& x);  // 1 / sqrt(x)
Variable exp(const Variable& x);
Variable expm1(const Variable& x);  // e^x - 1
Variable log(const Variable& x);
Variable log1p(const Variable& x);  // log(1 + x)
Variable sin(const Variable& x);
Variable cos(const Variable& x);
Variable tanh(const Variable& x);
Variable erf(const Variable& x);

// min(max(x, low), high); derivative 1 between low and high, else 0. Integers too. Throws
// std::invalid_argument for low > high.
Variable clamp(const Variable& x, double low, double high);

}  // namespace sluice::ops
