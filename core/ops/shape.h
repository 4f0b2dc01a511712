// SPDX-License-Identifier: Apache-2.0
// The same elements elsewhere: permutations, parts, joins and repetitions of tensors of any element type. A negative
// axis counts from the innermost (-1). All throw std::invalid_argument, naming the operation, for axes that are not
// there and shapes that don't fit. Except for squeeze and unsqueeze, which share their elements, each is one pass of
// copies, bound by bytes; so is the gradient.
#pragma once

#include <optional>
#include <vector>

#include <sluice/core/tape.h>

namespace sluice::ops {

// Axis k of the result is axis axes[k] of x.
Variable permute(const Variable& x, const std::vector<int>& axes);
// Two axes exchanged.
Variable transpose(const Variable& x, int axis = -2, int other = -1);

// Without one axis, which has extent 1; without all of extent 1.
Variable squeeze(const Variable& x, int axis);
Variable squeeze(const Variable& x);
// With a new axis of extent 1, which is number `axis` of the result.
Variable unsqueeze(const Variable& x, int axis);

// x under a shape to which NumPy's rules broadcast it: axes of extent 1 are repeated, missing ones stand in front.
Variable expand(const Variable& x, const Shape& shape);
// x counts[k] times in a row along each axis k (numpy.tile, torch.Tensor.repeat), one count an axis, at least 1.
Variable repeat(const Variable& x, const std::vector<std::int64_t>& counts);

// One after the other along an axis; all other extents and the type are the same.
Variable concatenate(const std::vector<Variable>& parts, int axis);
// Of one shape each, along a new axis, which is number `axis` of the result.
Variable stack(const std::vector<Variable>& parts, int axis = 0);
// The inverse of concatenate: parts of the given extents, which add up to the axis's.
std::vector<Variable> split(const Variable& x, const std::vector<std::int64_t>& extents, int axis);

// As Python's slices: start : stop : step, where negative places count from the end and both are cut off at the ends.
// The step may be negative, and is not 0.
struct Range {
  std::optional<std::int64_t> start;
  std::optional<std::int64_t> stop;
  std::int64_t step = 1;
};
Variable slice(const Variable& x, int axis, const Range& range);

// The elements in reverse order along each of the axes.
Variable flip(const Variable& x, const std::vector<int>& axes);
// Element i along the axis comes to i + shift; what leaves at the end comes in at the beginning.
Variable roll(const Variable& x, std::int64_t shift, int axis);

// x [N,H,W,C*r*r] to [N,H*r,W*r,C]: channel (c*r + i)*r + j is row i, column j of a square of r x r pixels. Shi et al.,
// "Real-time single image and video super-resolution using an efficient sub-pixel convolutional neural network", 2016.
Variable pixel_shuffle(const Variable& x, std::int64_t r);
// The inverse: x [N,H*r,W*r,C] to [N,H,W,C*r*r].
Variable pixel_unshuffle(const Variable& x, std::int64_t r);

}  // namespace sluice::ops
