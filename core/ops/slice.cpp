// SPDX-License-Identifier: Apache-2.0
#include <algorithm>

#include <sluice/core/ops/elementwise.h>
#include <sluice/core/ops/shape.h>
#include <sluice/core/strided_view.h>

namespace sluice::ops {
namespace {

// Elements start, start + step, ... of an axis, and zeros elsewhere in the gradient.
Variable part(const char* op, const Variable& x, int axis, std::int64_t start, std::int64_t count, std::int64_t step) {
  return record(op, contiguous(op, StridedView(x.value()).slice(axis, start, count, step)), {&x},
                [=, shape = x.shape()](const Tensor& dy, Gradients& gradients) {
                  Tensor dx = Tensor::zeros(shape, dy.dtype(), dy.device());
                  copy(op, StridedView(dy), StridedView(dx).slice(axis, start, count, step));
                  gradients.add(0, std::move(dx));
                });
}

// From `axis` on, by `shift` in [0, extent).
Tensor rolled(const Tensor& x, std::int64_t shift, int axis) {
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  const std::int64_t rest = x.shape()[axis] - shift;
  copy("roll", StridedView(x).slice(axis, 0, rest), StridedView(y).slice(axis, shift, rest));
  copy("roll", StridedView(x).slice(axis, rest, shift), StridedView(y).slice(axis, 0, shift));
  return y;
}

Tensor flipped(const Tensor& x, const std::vector<int>& axes) {
  StridedView view(x);
  for (const int axis : axes) view = view.flip(axis);
  return contiguous("flip", view);
}

Variable joined(const char* op, const std::vector<Variable>& parts, int axis, const Shape& shape) {
  Tensor y = Tensor::empty(shape, parts[0].dtype(), parts[0].value().device());
  std::vector<const Variable*> inputs;
  std::vector<std::int64_t> extents;
  std::int64_t at = 0;
  for (const Variable& from : parts) {
    const std::int64_t extent = from.shape()[axis];
    copy(op, StridedView(from.value()), StridedView(y).slice(axis, at, extent));
    at += extent;
    inputs.push_back(&from);
    extents.push_back(extent);
  }
  return record(op, y, inputs, [op, axis, extents](const Tensor& dy, Gradients& gradients) {
    std::int64_t first = 0;
    for (std::size_t i = 0; i < extents.size(); ++i) {
      if (gradients.wants(i)) gradients.add(i, contiguous(op, StridedView(dy).slice(axis, first, extents[i])));
      first += extents[i];
    }
  });
}

}  // namespace

Variable concatenate(const std::vector<Variable>& parts, int axis) {
  require(!parts.empty(), "concatenate", "expects at least one part, got none");
  const Shape& first = parts[0].shape();
  const int at = checked_axis("concatenate", axis, first.rank());
  std::int64_t extent = 0;
  for (const Variable& other : parts) {
    const bool fits = other.shape().rank() == first.rank() &&
                      with_extent(other.shape(), at, 0) == with_extent(first, at, 0) &&
                      other.dtype() == parts[0].dtype();
    require(fits, "concatenate", "expects parts like the first, ", name_of(parts[0].dtype()), first, ", but for axis ",
            axis, ", got ", name_of(other.dtype()), other.shape());
    extent += other.shape()[at];
  }
  return joined("concatenate", parts, at, with_extent(first, at, extent));
}

Variable stack(const std::vector<Variable>& parts, int axis) {
  require(!parts.empty(), "stack", "expects at least one part, got none");
  std::vector<Variable> slices;
  for (const Variable& other : parts) {
    require(other.shape() == parts[0].shape() && other.dtype() == parts[0].dtype(), "stack",
            "expects parts like the first, ", name_of(parts[0].dtype()), parts[0].shape(), ", got ",
            name_of(other.dtype()), other.shape());
    slices.push_back(unsqueeze(other, axis));
  }
  const Shape& slice = slices[0].shape();
  const int at = checked_axis("stack", axis, slice.rank());
  return joined("stack", slices, at, with_extent(slice, at, static_cast<std::int64_t>(parts.size())));
}

std::vector<Variable> split(const Variable& x, const std::vector<std::int64_t>& extents, int axis) {
  const int at = checked_axis("split", axis, x.shape().rank());
  std::int64_t sum = 0;
  for (const std::int64_t extent : extents) {
    require(extent >= 0, "split", "expects extents of 0 or more, got ", extent);
    sum += extent;
  }
  require(sum == x.shape()[at], "split", "expects extents that add up to ", x.shape()[at], ", that of axis ", axis,
          " of ", x.shape(), ", got a sum of ", sum);
  std::vector<Variable> parts;
  std::int64_t start = 0;
  for (const std::int64_t extent : extents) {
    parts.push_back(part("split", x, at, start, extent, 1));
    start += extent;
  }
  return parts;
}

Variable slice(const Variable& x, int axis, const Range& range) {
  const int at = checked_axis("slice", axis, x.shape().rank());
  require(range.step != 0, "slice", "expects a step that is not 0");
  const std::int64_t extent = x.shape()[at], step = range.step;
  // Where a walk may begin and end: before the first element it is at -1.
  const std::int64_t low = step > 0 ? 0 : -1, high = step > 0 ? extent : extent - 1;
  const auto place = [&](std::int64_t given) { return std::clamp(given < 0 ? given + extent : given, low, high); };
  const std::int64_t start = range.start ? place(*range.start) : step > 0 ? low : high;
  const std::int64_t stop = range.stop ? place(*range.stop) : step > 0 ? high : low;
  const std::int64_t length = step > 0 ? stop - start : start - stop, stride = step > 0 ? step : -step;
  const std::int64_t count = length <= 0 ? 0 : (length - 1) / stride + 1;
  return part("slice", x, at, start, count, step);
}

Variable flip(const Variable& x, const std::vector<int>& axes) {
  std::vector<int> checked;
  for (const int axis : axes) {
    const int at = checked_axis("flip", axis, x.shape().rank());
    require(std::ranges::find(checked, at) == checked.end(), "flip", "expects an axis once, got ", axis, " twice");
    checked.push_back(at);
  }
  return record("flip", flipped(x.value(), checked), {&x},
                [checked](const Tensor& dy, Gradients& gradients) { gradients.add(0, flipped(dy, checked)); });
}

Variable roll(const Variable& x, std::int64_t shift, int axis) {
  const int at = checked_axis("roll", axis, x.shape().rank());
  const std::int64_t extent = x.shape()[at];
  const auto within = [extent](std::int64_t by) { return extent == 0 ? 0 : (by % extent + extent) % extent; };
  return record("roll", rolled(x.value(), within(shift), at), {&x},
                [at, back = within(-(extent == 0 ? 0 : shift % extent))](const Tensor& dy, Gradients& gradients) {
                  gradients.add(0, rolled(dy, back, at));
                });
}

}  // namespace sluice::ops
