// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/strided_view.h>

#include <algorithm>

#include <sluice/kernels/copy.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice {
namespace {

std::size_t at(int axis) { return static_cast<std::size_t>(axis); }

}  // namespace

StridedView::StridedView(Tensor tensor) : tensor_(std::move(tensor)), shape_(tensor_.shape()) {
  std::int64_t stride = 1;
  for (int axis = rank(); axis-- > 0;) {
    strides_[at(axis)] = stride;
    stride *= shape_[axis];
  }
}

StridedView StridedView::slice(int axis, std::int64_t start, std::int64_t count, std::int64_t step) const {
  StridedView part = *this;
  part.shape_ = with_extent(shape_, axis, count);
  if (count > 0) part.offset_ += start * strides_[at(axis)];
  part.strides_[at(axis)] *= step;
  return part;
}

StridedView StridedView::flip(int axis) const { return slice(axis, shape_[axis] - 1, shape_[axis], -1); }

StridedView StridedView::permute(std::span<const int> axes) const {
  StridedView result = *this;
  std::array<std::int64_t, Shape::kMaxRank> extents{};
  for (std::size_t k = 0; k < axes.size(); ++k) {
    extents[k] = shape_[axes[k]];
    result.strides_[k] = strides_[at(axes[k])];
  }
  result.shape_ = Shape(std::span<const std::int64_t>(extents.data(), axes.size()));
  return result;
}

StridedView StridedView::expand(int axis, std::int64_t extent) const {
  StridedView result = *this;
  result.shape_ = with_extent(shape_, axis, extent);
  result.strides_[at(axis)] = 0;
  return result;
}

namespace {

kernels::CopyPlan plan_of(const Shape& shape, std::span<const std::int64_t> from, std::span<const std::int64_t> to) {
  kernels::CopyPlan plan;
  plan.rank = shape.rank();
  for (int axis = 0; axis < plan.rank; ++axis) plan.axes[at(axis)] = {shape[axis], from[at(axis)], to[at(axis)]};
  return plan;
}

void check(const char* op, const StridedView& from, const StridedView& to) {
  require_one_device(op, {&from.tensor(), &to.tensor()});
  require(from.shape() == to.shape() && from.tensor().dtype() == to.tensor().dtype(), op, "expects ",
          name_of(to.tensor().dtype()), to.shape(), ", got ", name_of(from.tensor().dtype()), from.shape());
}

}  // namespace

void copy(const char* op, const StridedView& from, StridedView to) {
  check(op, from, to);
  const Exec exec = exec_of(to.tensor_);
  dispatch<kernels::CopyTypes, kernels::CopyTypes>(exec, to.tensor_.dtype(), op, [&]<class Device, class T>() {
    kernels::Copy<Device>::strided(exec, plan_of(to.shape_, from.strides_, to.strides_), sizeof(T),
                                   from.tensor_.data<T>() + from.offset_, to.tensor_.mutable_data<T>() + to.offset_);
  });
}

void add(const char* op, const StridedView& from, StridedView to) {
  check(op, from, to);
  const Exec exec = exec_of(to.tensor_);
  dispatch(exec, to.tensor_.dtype(), op, [&]<class Device, class T>() {
    kernels::Copy<Device>::add_strided(exec, plan_of(to.shape_, from.strides_, to.strides_),
                                       from.tensor_.data<T>() + from.offset_,
                                       to.tensor_.mutable_data<T>() + to.offset_);
  });
}

StridedView fold(const char* op, StridedView view, int axis) {
  while (view.shape()[axis] > 1) {
    const std::int64_t half = view.shape()[axis] / 2, rest = view.shape()[axis] - half;
    add(op, view.slice(axis, rest, half), view.slice(axis, 0, half));
    view = view.slice(axis, 0, rest);
  }
  return view;
}

Tensor contiguous(const char* op, const StridedView& view) {
  Tensor result = Tensor::empty(view.shape(), view.tensor().dtype(), view.tensor().device());
  copy(op, view, StridedView(result));
  return result;
}

Shape with_extent(const Shape& shape, int axis, std::int64_t extent) {
  std::array<std::int64_t, Shape::kMaxRank> extents{};
  std::ranges::copy(shape.extents(), extents.begin());
  extents[at(axis)] = extent;
  return Shape(std::span<const std::int64_t>(extents.data(), at(shape.rank())));
}

int checked_axis(const char* op, int axis, int rank) {
  require(axis >= -rank && axis < rank, op, "expects an axis in [", -rank, ",", rank, "), got ", axis);
  return axis < 0 ? axis + rank : axis;
}

}  // namespace sluice
