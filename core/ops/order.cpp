// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/order.h>

#include <limits>

#include <sluice/core/ops/detail/broadcast.h>
#include <sluice/core/ops/detail/line.h>
#include <sluice/core/ops/index.h>
#include <sluice/kernels/cumulative.h>
#include <sluice/kernels/order.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::ops {
namespace {

using kernels::Direction;
using kernels::Order;

// The places of the first `count` elements of each line: the axis has that extent.
Tensor first_places(const char* op, const Tensor& x, int axis, std::int64_t count, Order order) {
  const detail::Lines lines = detail::lines_of(op, x.shape(), axis);
  require(lines.extent <= std::numeric_limits<std::int32_t>::max(), op, "expects at most 2^31 - 1 places, got ",
          x.shape());
  Tensor index = Tensor::empty(with_extent(x.shape(), lines.axis, count), DType::i32, x.device());
  const kernels::OrderGeometry g{lines.outer, lines.extent, lines.inner, count, order};
  dispatch<CpuNumberTypes, CudaNumberTypes>(exec_of(x), x.dtype(), op, [&]<class Device, class T>() {
    kernels::Ordering<Device>::first(exec_of(x), g, x.data<T>(), index.mutable_data<std::int32_t>());
  });
  return index;
}

Tensor first_place(const char* op, const Variable& x, int axis, KeepAxes keep, Order order) {
  const int at = checked_axis(op, axis, x.shape().rank());
  require(x.shape()[at] > 0, op, "expects at least one element, got ", x.shape());
  const Tensor index = first_places(op, x.value(), at, 1, order);
  if (keep == KeepAxes::yes) return index;
  std::vector<std::int64_t> extents(x.shape().extents().begin(), x.shape().extents().end());
  extents.erase(extents.begin() + at);
  return index.reshape(Shape(std::span<const std::int64_t>(extents)));
}

Tensor flat(const Variable& x) { return x.value().reshape({x.value().size()}); }

Tensor running_sums(const Tensor& x, const detail::Lines& lines, Direction direction, Tensor y) {
  const kernels::CumulativeGeometry g{lines.outer, lines.extent, lines.inner, direction};
  dispatch<kernels::CumulativeTypesOnCpu, kernels::CumulativeTypesOnCuda>(
      exec_of(x), x.dtype(), "cumsum", [&]<class Device, class T>() {
        kernels::Cumulative<Device>::sum(exec_of(x), g, x.data<T>(), y.mutable_data<T>());
      });
  return y;
}

}  // namespace

Tensor argmax(const Variable& x) { return first_place("argmax", flat(x), 0, KeepAxes::no, Order::largest); }
Tensor argmax(const Variable& x, int axis, KeepAxes keep) {
  return first_place("argmax", x, axis, keep, Order::largest);
}
Tensor argmin(const Variable& x) { return first_place("argmin", flat(x), 0, KeepAxes::no, Order::smallest); }
Tensor argmin(const Variable& x, int axis, KeepAxes keep) {
  return first_place("argmin", x, axis, keep, Order::smallest);
}

TopK top_k(const Variable& x, std::int64_t k, int axis, Rank rank) {
  const std::int64_t extent = x.shape()[checked_axis("top_k", axis, x.shape().rank())];
  require(k >= 0 && k <= extent, "top_k", "expects k from 0 to ", extent, ", got ", k);
  const Tensor indices =
      first_places("top_k", x.value(), axis, k, rank == Rank::largest ? Order::largest : Order::smallest);
  return {gather(x, indices, axis), indices};
}

Variable cumsum(const Variable& x, int axis) {
  const detail::Lines lines = detail::lines_of("cumsum", x.shape(), axis);
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.value().device());
  return record("cumsum", running_sums(x.value(), lines, Direction::forward, std::move(y)), {&x},
                [lines](Tensor dy, Gradients& gradients) {
                  Tensor dx = detail::room_for_gradient(dy, dy.shape());
                  dx = running_sums(dy, lines, Direction::backward, std::move(dx));
                  dy = {};
                  gradients.add(0, std::move(dx));
                });
}

}  // namespace sluice::ops
