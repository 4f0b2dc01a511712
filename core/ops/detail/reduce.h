// SPDX-License-Identifier: Apache-2.0
// Reductions of tensors over any axes, which the operations of core/ops/reduce.h record.
#pragma once

#include <vector>

#include <sluice/core/tensor.h>
#include <sluice/kernels/reduce.h>

namespace sluice::ops::detail {

// `shape` with extent 1 on the given axes, which lie in [0, rank).
Shape with_axes_kept(const Shape& shape, const std::vector<int>& axes);

// Over the given axes, ascending and without repetition, which stay with extent 1. Axes that lie side by side are
// reduced together, others one after the other, sums of bf16 in f32 between them. Sums of u8 are i32.
Tensor reduce(const kernels::Sum& op, const Tensor& x, const std::vector<int>& axes);
Tensor reduce(const kernels::Largest& op, const Tensor& x, const std::vector<int>& axes);
Tensor reduce(const kernels::Smallest& op, const Tensor& x, const std::vector<int>& axes);

}  // namespace sluice::ops::detail
