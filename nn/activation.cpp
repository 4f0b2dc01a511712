// SPDX-License-Identifier: Apache-2.0
#include <sluice/nn/activation.h>

#include <sluice/core/ops/activation.h>
#include <sluice/core/ops/elementwise.h>

namespace sluice::nn {

Variable Relu::forward(const Variable& x) { return ops::relu(x); }
Variable Gelu::forward(const Variable& x) { return ops::gelu(x); }
Variable Silu::forward(const Variable& x) { return ops::silu(x); }
Variable Flatten::forward(const Variable& x) { return ops::flatten(x); }

}  // namespace sluice::nn
