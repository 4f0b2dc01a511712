// SPDX-License-Identifier: Apache-2.0
// The backward passes of conv2d by themselves: a transposed convolution is made of them.
#pragma once

#include <sluice/core/tensor.h>
#include <sluice/kernels/conv2d.h>

namespace sluice::ops::detail {

// dx of dy [N,P,Q,K].
Tensor conv2d_backward_input(const kernels::Conv2dShape& shape, const Tensor& weight, const Tensor& dy);
// The weight's gradient of x [N,H,W,C] and dy, in the parameter type.
Tensor conv2d_backward_weight(const kernels::Conv2dShape& shape, const Tensor& x, const Tensor& dy);

}  // namespace sluice::ops::detail
