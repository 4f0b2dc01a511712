// SPDX-License-Identifier: Apache-2.0
// Elements by rank, and running sums, along an axis of x; a negative axis counts from the innermost (-1). All throw
// std::invalid_argument, naming the operation, for an axis that is not there.
#pragma once

#include <sluice/core/ops/reduce.h>
#include <sluice/core/tape.h>

namespace sluice::ops {

// Where the largest or smallest element lies: places of i32 along the axis, which goes unless it is kept; the first of
// equal ones, or the first NaN. Of all elements, in memory order, where no axis is given. Any type. Throws
// std::invalid_argument where there is none.
Tensor argmax(const Variable& x);
Tensor argmax(const Variable& x, int axis, KeepAxes keep = KeepAxes::no);
Tensor argmin(const Variable& x);
Tensor argmin(const Variable& x, int axis, KeepAxes keep = KeepAxes::no);

enum class Rank : unsigned char { largest, smallest };
struct TopK {
  Variable values;  // with a gradient
  Tensor indices;   // places of i32 along the axis
};
// The k largest or smallest elements along an axis, in order; equal ones by place, NaN first of all. k from 0 to the
// axis's extent; the CUDA device reads a line k times, so k should be small. f32, bf16 and f64.
TopK top_k(const Variable& x, std::int64_t k, int axis = -1, Rank rank = Rank::largest);

// Sums of each element and all before it along an axis. f32, bf16 and f64; i32 without a gradient.
Variable cumsum(const Variable& x, int axis);

}  // namespace sluice::ops
