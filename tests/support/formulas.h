// SPDX-License-Identifier: Apache-2.0
// Formulas as a user would write them for ops::pointwise, in a kernel file (formulas.cu).
#pragma once

#include <vector>

#include <sluice/core/variable.h>

namespace sluice::test {

// Focal loss of logits x and targets in [0, 1] (Lin et al., "Focal loss for dense object detection", 2017).
Variable focal(const Variable& x, const Variable& target, double gamma);
// tanh(a) sigmoid(b).
Variable gate(const Variable& a, const Variable& b);
// The negative log likelihood of x under a normal distribution.
Variable gaussian(const Variable& x, const Variable& mean, const Variable& log_variance);
// Horner's scheme: c0 + x (c1 + x (c2 + x (c3 + x (c4 + x c5)))).
Variable polynomial(const Variable& x, const std::vector<Variable>& c);
// sqrt(x) y.
Variable root_times(const Variable& x, const Variable& y);
// The library's gelu, for the clock.
Variable own_gelu(const Variable& x);
// The function of one number, or of two, that has that place in kOfOne and kOfTwo.
Variable of_one(int which, const Variable& x);
Variable of_two(int which, const Variable& a, const Variable& b);
inline constexpr const char* kOfOne[] = {
    "negative", "abs",       "square",  "sqrt", "rsqrt",    "exp",  "expm1",    "log",        "log1p",
    "sin",      "cos",       "tanh",    "erf",  "clamp",    "sign", "relu",     "leaky_relu", "elu",
    "gelu",     "gelu_tanh", "sigmoid", "silu", "softplus", "mish", "hardswish"};
inline constexpr const char* kOfTwo[] = {"add", "subtract", "multiply", "divide", "pow", "maximum", "minimum", "where"};

}  // namespace sluice::test
