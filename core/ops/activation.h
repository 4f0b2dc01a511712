// SPDX-License-Identifier: Apache-2.0
// Activations: y = f(x), any shape, f32, bf16 or f64. kernels/activation_functions.h has the formulas and their
// sources.
#pragma once

#include <sluice/core/tape.h>

namespace sluice::ops {

Variable relu(const Variable& x);
Variable leaky_relu(const Variable& x, double slope = 0.01);
Variable elu(const Variable& x, double alpha = 1);
Variable gelu(const Variable& x);
Variable gelu_tanh(const Variable& x);  // the approximation by tanh
Variable sigmoid(const Variable& x);
Variable silu(const Variable& x);
Variable softplus(const Variable& x);
Variable mish(const Variable& x);
Variable hardswish(const Variable& x);

}  // namespace sluice::ops
