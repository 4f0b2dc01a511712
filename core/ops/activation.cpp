// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/activation.h>

#include <sluice/core/ops/detail/unary.h>

namespace sluice::ops {

using namespace kernels::functions;
using detail::unary;

Variable relu(const Variable& x) { return unary(Relu{}, x); }
Variable leaky_relu(const Variable& x, double slope) { return unary(LeakyRelu{slope}, x); }
Variable elu(const Variable& x, double alpha) { return unary(Elu{alpha}, x); }
Variable gelu(const Variable& x) { return unary(Gelu{}, x); }
Variable gelu_tanh(const Variable& x) { return unary(GeluTanh{}, x); }
Variable sigmoid(const Variable& x) { return unary(Sigmoid{}, x); }
Variable silu(const Variable& x) { return unary(Silu{}, x); }
Variable softplus(const Variable& x) { return unary(Softplus{}, x); }
Variable mish(const Variable& x) { return unary(Mish{}, x); }
Variable hardswish(const Variable& x) { return unary(Hardswish{}, x); }

}  // namespace sluice::ops
