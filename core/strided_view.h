// SPDX-License-Identifier: Apache-2.0
// A strided part of a tensor, to copy from or to: operations on shapes are written with it. It is no Tensor: what an
// operation hands out is contiguous.
#pragma once

#include <array>
#include <span>

#include <sluice/core/tensor.h>

namespace sluice {

class StridedView {
 public:
  // All of a tensor, whose elements it shares.
  explicit StridedView(Tensor tensor);

  int rank() const { return shape_.rank(); }
  const Shape& shape() const { return shape_; }
  const Tensor& tensor() const { return tensor_; }

  // Axes are in [0, rank()); extents and places must lie inside: the operations check what their callers give.
  //
  // Elements start, start + step, ... of an axis, `count` of them; the step may be negative.
  StridedView slice(int axis, std::int64_t start, std::int64_t count, std::int64_t step = 1) const;
  StridedView flip(int axis) const;
  // Axis k of the result is axis axes[k] of this.
  StridedView permute(std::span<const int> axes) const;
  // An axis of extent 1 as one of `extent`, all of the same elements; to read only.
  StridedView expand(int axis, std::int64_t extent) const;

 private:
  friend void copy(const char*, const StridedView&, StridedView);
  friend void add(const char*, const StridedView&, StridedView);

  Tensor tensor_;
  Shape shape_;
  std::array<std::int64_t, Shape::kMaxRank> strides_{};
  std::int64_t offset_ = 0;
};

// to = from, of one shape, type and device, in the name of `op`. Both may be parts of one tensor that don't overlap.
void copy(const char* op, const StridedView& from, StridedView to);
// to += from, in f32, bf16 or f64.
void add(const char* op, const StridedView& from, StridedView to);
// Adds what lies along an axis up, in halves, so in a fixed order: the sum is left at place 0 of the axis, the other
// places hold what remained of the work. Returns the view of that place. The axis has at least one place.
StridedView fold(const char* op, StridedView view, int axis);
// The elements of a view in a tensor of their own.
Tensor contiguous(const char* op, const StridedView& view);

// A shape with another extent on one axis.
Shape with_extent(const Shape& shape, int axis, std::int64_t extent);
// `axis` of `rank` axes, counted from the innermost (-1) where it is negative. Throws std::invalid_argument in the name
// of `op` for one that is not there.
int checked_axis(const char* op, int axis, int rank);

}  // namespace sluice
