// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/reduce.h>

#include <algorithm>
#include <numeric>

#include <sluice/core/ops/arithmetic.h>
#include <sluice/core/ops/detail/broadcast.h>
#include <sluice/core/ops/detail/reduce.h>
#include <sluice/core/ops/detail/unary.h>
#include <sluice/core/ops/elementwise.h>
#include <sluice/core/ops/math.h>

namespace sluice::ops {
namespace {

// Ascending, in [0, rank); all of them where none is given.
std::vector<int> axes_of(const char* op, const Shape& shape, Axes axes) {
  if (axes.empty()) {
    axes.resize(static_cast<std::size_t>(shape.rank()));
    std::iota(axes.begin(), axes.end(), 0);
    return axes;
  }
  for (int& axis : axes) {
    require(axis >= -shape.rank() && axis < shape.rank(), op, "expects axes of ", shape, ", got axis ", axis);
    if (axis < 0) axis += shape.rank();
  }
  std::ranges::sort(axes);
  require(std::ranges::adjacent_find(axes) == axes.end(), op, "expects each axis once, got one twice");
  return axes;
}

std::int64_t count_of(const Shape& shape, const std::vector<int>& axes) {
  std::int64_t count = 1;
  for (const int axis : axes) count *= shape[axis];
  return count;
}

Shape without_axes(const Shape& shape, const std::vector<int>& axes) {
  std::vector<std::int64_t> extents;
  for (int axis = 0; axis < shape.rank(); ++axis)
    if (!std::ranges::binary_search(axes, axis)) extents.push_back(shape[axis]);
  return Shape(std::span<const std::int64_t>(extents));
}

Shape result_shape(const Shape& shape, const std::vector<int>& axes, KeepAxes keep) {
  return keep == KeepAxes::yes ? detail::with_axes_kept(shape, axes) : without_axes(shape, axes);
}

Variable scaled_sum(const char* op, const Variable& x, const std::vector<int>& axes, double factor, KeepAxes keep) {
  Tensor y = detail::reduce(kernels::Sum{factor}, x.value(), axes).reshape(result_shape(x.shape(), axes, keep));
  return record(op, std::move(y), {&x}, [shape = x.shape(), axes, factor](Tensor dy, Gradients& gradients) {
    gradients.add(0, detail::broadcast_to(dy.reshape(detail::with_axes_kept(shape, axes)), shape, factor));
  });
}

template <class Op>
Variable extremum(const char* op, const Variable& x, const Axes& given, KeepAxes keep) {
  const std::vector<int> axes = axes_of(op, x.shape(), given);
  require(count_of(x.shape(), axes) > 0, op, "expects at least one element to reduce, got ", x.shape());
  const Tensor kept = detail::reduce(Op{}, x.value(), axes);
  return record(op, kept.reshape(result_shape(x.shape(), axes, keep)), {&x},
                [x = x.value(), kept, axes](Tensor dy, Gradients& gradients) {
                  const Variable chosen = ops::cast(where(equal(x, kept), Tensor::full({}, 1, x.dtype(), x.device()),
                                                          Tensor::zeros({}, x.dtype(), x.device())),
                                                    x.dtype());
                  const Variable ties = sum(chosen, axes, KeepAxes::yes);
                  gradients.add(0, (chosen * (Variable(dy.reshape(kept.shape())) / ties)).value());
                });
}

// Reduced as given, or with the axes kept for what still meets x.
Variable with_axes(const Variable& y, const Shape& x, const std::vector<int>& axes, KeepAxes keep) {
  return keep == KeepAxes::yes ? y : reshape(y, without_axes(x, axes));
}

}  // namespace

Variable sum(const Variable& x, const Axes& axes, KeepAxes keep) {
  return scaled_sum("sum", x, axes_of("sum", x.shape(), axes), 1, keep);
}

Variable mean(const Variable& x, const Axes& given, KeepAxes keep) {
  const std::vector<int> axes = axes_of("mean", x.shape(), given);
  require(x.dtype() != DType::i32 && x.dtype() != DType::u8, "mean", "expects f32, bf16 or f64, got ",
          name_of(x.dtype()));
  return scaled_sum("mean", x, axes, 1 / static_cast<double>(count_of(x.shape(), axes)), keep);
}

Variable variance(const Variable& x, const Axes& given, int correction, KeepAxes keep) {
  const std::vector<int> axes = axes_of("variance", x.shape(), given);
  const auto count = static_cast<double>(count_of(x.shape(), axes));
  const Variable centered = x - mean(x, axes, KeepAxes::yes);
  return scaled_sum("variance", square(centered), axes, 1 / std::max(count - correction, 0.0), keep);
}

Variable standard_deviation(const Variable& x, const Axes& axes, int correction, KeepAxes keep) {
  return detail::unary(kernels::functions::NormRoot{}, variance(x, axes, correction, keep));
}

Variable max(const Variable& x, const Axes& axes, KeepAxes keep) {
  return extremum<kernels::Largest>("max", x, axes, keep);
}

Variable min(const Variable& x, const Axes& axes, KeepAxes keep) {
  return extremum<kernels::Smallest>("min", x, axes, keep);
}

Variable logsumexp(const Variable& x, const Axes& given, KeepAxes keep) {
  const std::vector<int> axes = axes_of("logsumexp", x.shape(), given);
  // A constant: the result does not depend on it. An infinity is no number to subtract.
  const Variable largest = max(Variable(x.value()), axes, KeepAxes::yes);
  const double infinity = std::numeric_limits<double>::infinity();
  const Variable shift =
      where(equal(abs(largest), infinity), Tensor::zeros({}, x.dtype(), x.value().device()), largest);
  return with_axes(log(sum(exp(x - shift), axes, KeepAxes::yes)) + shift, x.shape(), axes, keep);
}

Variable norm(const Variable& x, Norm kind, const Axes& axes, KeepAxes keep) {
  if (kind == Norm::one) return sum(abs(x), axes, keep);
  if (kind == Norm::infinity) return max(abs(x), axes, keep);
  return detail::unary(kernels::functions::NormRoot{}, sum(square(x), axes, keep));
}

Variable any(const Variable& x, const Axes& axes, KeepAxes keep) {
  const Variable mask = not_equal(x, 0.0);
  return count_of(x.shape(), axes_of("any", x.shape(), axes)) > 0 ? max(mask, axes, keep)
                                                                  : not_equal(sum(mask, axes, keep), 0.0);
}

Variable all(const Variable& x, const Axes& axes, KeepAxes keep) {
  // None is 0.
  return equal(sum(equal(x, 0.0), axes, keep), 0.0);
}

}  // namespace sluice::ops
