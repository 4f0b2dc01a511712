// SPDX-License-Identifier: Apache-2.0
// Elements by indices, which are tensors of i32 in [0,N) for an axis of N places; a negative axis counts from the
// innermost (-1). All throw std::invalid_argument, naming the operation, for axes that are not there, shapes and types
// that don't fit, and on the CPU, where indices can be read without waiting, for an index that is outside of [0,N). On
// another device such an index makes what it would give NaN (kernels/index.h says what of it). Gradients are sums in
// the order of the indices.
#pragma once

#include <sluice/core/tape.h>

namespace sluice::ops {

// The places index [M] of an axis, in that order: N of the axis becomes M.
Variable index_select(const Variable& x, const Tensor& index, int axis);
// Rows of a table [V,D], one for each index [...]: [...,D].
Variable embedding(const Variable& table, const Tensor& index);
// Along an axis of x, the place that each index names: the result has the shape of `index`, which has the extents of x
// on the other axes.
Variable gather(const Variable& x, const Tensor& index, int axis);
// x where the elements of `source` are added at the places of the axis that each index names; source and index have one
// shape, and the extents of x on the other axes. x and source are of one floating type.
Variable scatter_add(const Variable& x, const Tensor& index, const Variable& source, int axis);

// Rows of zeros with a 1 at the index: index [...] to [...,classes], in f32, bf16 or f64.
Tensor one_hot(const Tensor& index, std::int64_t classes, DType dtype = DType::f32);

// `value` where the mask, of u8, is not 0, and x elsewhere. The mask is broadcast to the shape of x by NumPy's rules.
Variable masked_fill(const Variable& x, const Tensor& mask, double value);

}  // namespace sluice::ops
