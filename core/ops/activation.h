// SPDX-License-Identifier: Apache-2.0
// Activations: y = f(x), any shape, f32, bf16 or f64. kernels/activation.h has the formulas and their sources.
#pragma once

#include <sluice/core/tape.h>

namespace sluice::ops {

Variable relu(const Variable& x);
Variable gelu(const Variable& x);
Variable silu(const Variable& x);

}  // namespace sluice::ops
