// SPDX-License-Identifier: Apache-2.0
#include <vector>

#include <sluice/core/ops/elementwise.h>
#include <sluice/core/ops/shape.h>
#include <sluice/core/strided_view.h>

namespace sluice::ops {
namespace {

// The sum of dy over axes, of which each keeps one place.
Tensor folded(Tensor dy, const std::vector<int>& axes, const Shape& shape) {
  if (dy.size() == 0) return Tensor::zeros(shape, dy.dtype(), dy.device());
  // Sums of many bf16 need more digits than bf16 has.
  const DType dtype = dy.dtype();
  Tensor work = dtype == DType::bf16 ? dy.cast(DType::f32) : dy.unique() ? std::move(dy) : dy.clone();
  StridedView view(work);
  for (const int axis : axes) view = fold("expand", view, axis);
  return contiguous("expand", view).reshape(shape).cast(dtype);
}

}  // namespace

Variable expand(const Variable& x, const Shape& shape) {
  const Shape from = x.shape();
  const int added = shape.rank() - from.rank();
  require(added >= 0, "expand", "expects a shape of at least ", from.rank(), " axes for x ", from, ", got ", shape);
  std::vector<std::int64_t> aligned(static_cast<std::size_t>(added), 1);
  aligned.insert(aligned.end(), from.extents().begin(), from.extents().end());
  StridedView view(x.value().reshape(Shape(std::span<const std::int64_t>(aligned))));
  std::vector<int> repeated;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (view.shape()[axis] == shape[axis]) continue;
    require(view.shape()[axis] == 1, "expand", "expects extents that are 1 or those of ", shape, ", got x ", from);
    view = view.expand(axis, shape[axis]);
    repeated.push_back(axis);
  }
  return record("expand", contiguous("expand", view), {&x}, [from, repeated](Tensor dy, Gradients& gradients) {
    gradients.add(0, folded(std::move(dy), repeated, from));
  });
}

Variable repeat(const Variable& x, const std::vector<std::int64_t>& counts) {
  const int rank = x.shape().rank();
  require(counts.size() == static_cast<std::size_t>(rank), "repeat", "expects a count for each axis of x ", x.shape(),
          ", got ", counts.size());
  Variable y = x;
  // From the innermost axis, where there is least to copy.
  std::int64_t inner = 1;
  for (int axis = rank; axis-- > 0;) {
    const std::int64_t count = counts[static_cast<std::size_t>(axis)];
    require(count >= 1, "repeat", "expects counts of at least 1, got ", count, " for axis ", axis);
    const Shape whole = with_extent(y.shape(), axis, y.shape()[axis] * count);
    inner *= y.shape()[axis];
    if (count > 1) {
      const std::int64_t outer = inner == 0 ? 0 : y.value().size() / inner;
      y = reshape(expand(reshape(y, {outer, 1, inner}), {outer, count, inner}), whole);
    }
    inner *= count;
  }
  return y;
}

}  // namespace sluice::ops
