// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/detail/reduce.h>

#include <sluice/core/ops/detail/broadcast.h>

namespace sluice::ops::detail {
namespace {

struct Group {
  int first, last;  // axes [first, last]
};

// Runs of axes, innermost first; axes of extent 1 join them.
std::vector<Group> groups_of(const Shape& shape, const std::vector<int>& axes) {
  std::vector<bool> reduced(static_cast<std::size_t>(shape.rank()), false);
  for (const int axis : axes) reduced[static_cast<std::size_t>(axis)] = true;
  std::vector<Group> groups;
  bool open = false;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    if (reduced[static_cast<std::size_t>(axis)]) {
      if (open)
        groups.back().first = axis;
      else
        groups.push_back({axis, axis});
      open = true;
    } else if (shape[axis] != 1) {
      open = false;
    }
  }
  return groups;
}

kernels::ReduceGeometry geometry_of(const Shape& shape, const Group& group) {
  kernels::ReduceGeometry geometry;
  for (int axis = 0; axis < shape.rank(); ++axis)
    (axis < group.first ? geometry.outer : axis <= group.last ? geometry.reduced : geometry.inner) *= shape[axis];
  return geometry;
}

template <class Op>
Tensor reduce_group(const Op& op, const Tensor& x, const Group& group, DType to) {
  const kernels::ReduceGeometry geometry = geometry_of(x.shape(), group);
  std::vector<int> axes;
  for (int axis = group.first; axis <= group.last; ++axis) axes.push_back(axis);
  Tensor y = Tensor::empty(with_axes_kept(x.shape(), axes), to, x.device());
  if (y.size() == 0) return y;
  const Exec exec = exec_of(x);
  dispatch<CpuNumberTypes, CudaNumberTypes>(exec, x.dtype(), Op::name, [&]<class Device, class In>() {
    using Reduce = kernels::Reduce<Device>;
    const Scratch scratch(x.device(), static_cast<std::size_t>(geometry.partials()) * sizeof(kernels::Compute<In>));
    const In* from = x.data<In>();
    if constexpr (std::is_same_v<Op, kernels::Sum>) {
      if constexpr (std::is_same_v<In, std::uint8_t>)
        return Reduce::run(exec, op, geometry, from, y.mutable_data<std::int32_t>(), scratch.data());
      if constexpr (std::is_same_v<In, BFloat16>)
        if (to == DType::f32) return Reduce::run(exec, op, geometry, from, y.mutable_data<float>(), scratch.data());
      if constexpr (std::is_same_v<In, float>)
        if (to == DType::bf16) return Reduce::run(exec, op, geometry, from, y.mutable_data<BFloat16>(), scratch.data());
    }
    if constexpr (!(std::is_same_v<Op, kernels::Sum> && std::is_same_v<In, std::uint8_t>))
      Reduce::run(exec, op, geometry, from, y.mutable_data<In>(), scratch.data());
  });
  return y;
}

template <class Op>
Tensor reduce_groups(const Op& last, const Op& before, const Tensor& x, const std::vector<int>& axes, DType between,
                     DType to) {
  std::vector<Group> groups = groups_of(x.shape(), axes);
  // Without an axis there is a group of none, of extent 1.
  if (groups.empty()) groups.push_back({x.shape().rank(), x.shape().rank() - 1});
  Tensor y = x;
  for (std::size_t i = 0; i < groups.size(); ++i)
    y = i + 1 == groups.size() ? reduce_group(last, y, groups[i], to) : reduce_group(before, y, groups[i], between);
  return y.reshape(with_axes_kept(x.shape(), axes));
}

}  // namespace

Shape with_axes_kept(const Shape& shape, const std::vector<int>& axes) {
  std::array<std::int64_t, Shape::kMaxRank> extents{};
  std::ranges::copy(shape.extents(), extents.begin());
  for (const int axis : axes) extents[static_cast<std::size_t>(axis)] = 1;
  return Shape(std::span<const std::int64_t>(extents.data(), static_cast<std::size_t>(shape.rank())));
}

Tensor reduce(const kernels::Sum& op, const Tensor& x, const std::vector<int>& axes) {
  const DType between = x.dtype() == DType::bf16 ? DType::f32 : x.dtype() == DType::u8 ? DType::i32 : x.dtype();
  return reduce_groups(op, kernels::Sum{}, x, axes, between, x.dtype() == DType::u8 ? DType::i32 : x.dtype());
}

Tensor reduce(const kernels::Largest& op, const Tensor& x, const std::vector<int>& axes) {
  return reduce_groups(op, op, x, axes, x.dtype(), x.dtype());
}

Tensor reduce(const kernels::Smallest& op, const Tensor& x, const std::vector<int>& axes) {
  return reduce_groups(op, op, x, axes, x.dtype(), x.dtype());
}

}  // namespace sluice::ops::detail
