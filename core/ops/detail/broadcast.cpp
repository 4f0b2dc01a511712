// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/detail/broadcast.h>

#include <sluice/core/ops/detail/reduce.h>
#include <sluice/kernels/pointwise_maps.h>

namespace sluice::ops::detail {

Shape broadcast_shape(const char* op, const Shape& a, const Shape& b) {
  const int rank = std::max(a.rank(), b.rank());
  std::array<std::int64_t, Shape::kMaxRank> extents{};
  for (int back = 1; back <= rank; ++back) {
    const std::int64_t of_a = back <= a.rank() ? a[-back] : 1, of_b = back <= b.rank() ? b[-back] : 1;
    require(of_a == of_b || of_a == 1 || of_b == 1, op, "expects shapes that can be broadcast to one, got ", a, " and ",
            b);
    extents[static_cast<std::size_t>(rank - back)] = of_a == 1 ? of_b : of_a;
  }
  return Shape(std::span<const std::int64_t>(extents.data(), static_cast<std::size_t>(rank)));
}

Tensor sum_to(Tensor from, const Shape& shape) {
  if (from.shape() == shape) return from;
  std::vector<int> axes;
  const int missing = from.shape().rank() - shape.rank();
  for (int axis = 0; axis < from.shape().rank(); ++axis)
    if (axis < missing || (shape[axis - missing] == 1 && from.shape()[axis] != 1)) axes.push_back(axis);
  return reduce(kernels::Sum{}, from, axes).reshape(shape);
}

Tensor broadcast_to(const Tensor& x, const Shape& shape, double factor) {
  return map_to_one<kernels::Multiple, CpuNumberTypes, CudaNumberTypes>(kernels::Multiple{factor}, shape, x.dtype(),
                                                                        std::array{x});
}

Tensor room_for_gradient(const Tensor& dy, const Shape& shape) {
  return dy.unique() && dy.shape() == shape ? dy : Tensor::empty(shape, dy.dtype(), dy.device());
}

}  // namespace sluice::ops::detail
