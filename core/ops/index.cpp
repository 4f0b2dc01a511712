// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/index.h>

#include <array>
#include <bit>
#include <limits>
#include <vector>

#include <sluice/core/ops/shape.h>
#include <sluice/core/strided_view.h>
#include <sluice/kernels/copy.h>
#include <sluice/kernels/index.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::ops {
namespace {

using kernels::IndexGeometry;
using kernels::IndexOf;

void check_index(const char* op, const Tensor& x, const Tensor& index, std::int64_t extent) {
  require_one_device(op, {&x, &index});
  require(index.dtype() == DType::i32, op, "expects indices of i32, got ", name_of(index.dtype()));
  if (index.device().kind != DeviceKind::cpu) return;
  const auto* place = index.data<std::int32_t>();
  for (std::int64_t i = 0; i < index.size(); ++i)
    require(place[i] >= 0 && place[i] < extent, op, "expects indices from 0 to ", extent - 1, ", got ", place[i],
            " at element ", i);
}

IndexGeometry geometry_of(const Shape& shape, int axis, std::int64_t count, IndexOf of) {
  IndexGeometry geometry{.outer = 1, .extent = shape[axis], .inner = 1, .count = count, .of = of};
  for (int k = 0; k < axis; ++k) geometry.outer *= shape[k];
  for (int k = axis + 1; k < shape.rank(); ++k) geometry.inner *= shape[k];
  return geometry;
}

// One element of a type, as the low bits of a word.
template <class T>
std::uint64_t bits_of(T value) {
  if constexpr (sizeof(T) == 8)
    return std::bit_cast<std::uint64_t>(value);
  else if constexpr (sizeof(T) == 4)
    return std::bit_cast<std::uint32_t>(value);
  else if constexpr (sizeof(T) == 2)
    return std::bit_cast<std::uint16_t>(value);
  else
    return value;
}

// What an index that is not there gives.
template <class T>
T missing() {
  if constexpr (std::is_same_v<T, std::int32_t>)
    return std::numeric_limits<T>::min();
  else if constexpr (std::is_same_v<T, std::uint8_t>)
    return std::numeric_limits<T>::max();
  else
    return T(std::numeric_limits<Master<T>>::quiet_NaN());
}

Tensor taken(const char* op, const IndexGeometry& geometry, const Tensor& x, const Tensor& index, const Shape& shape) {
  Tensor y = Tensor::empty(shape, x.dtype(), x.device());
  const Exec exec = exec_of(y);
  dispatch<kernels::CopyTypes, kernels::CopyTypes>(exec, x.dtype(), op, [&]<class Device, class T>() {
    kernels::Index<Device>::take(exec, geometry, sizeof(T), bits_of(missing<T>()), x.data<T>(),
                                 index.data<std::int32_t>(), y.mutable_data<T>());
  });
  return y;
}

// Adds dy to `sums`, of the master type of dy, at the indices.
void add_at(const char* op, const IndexGeometry& geometry, const Tensor& dy, const Tensor& index, Tensor& sums) {
  const Exec exec = exec_of(dy);
  dispatch(exec, dy.dtype(), op, [&]<class Device, class T>() {
    kernels::Index<Device>::add_at(exec, geometry, dy.data<T>(), index.data<std::int32_t>(),
                                   sums.mutable_data<Master<T>>());
  });
}

// The places that indices name, recorded.
Variable take(const char* op, const IndexGeometry& geometry, const Variable& x, const Tensor& index,
              const Shape& shape) {
  return record(op, taken(op, geometry, x.value(), index, shape), {&x},
                [=, from = x.shape()](const Tensor& dy, Gradients& gradients) {
                  Tensor sums = Tensor::zeros(from, master_dtype(dy.dtype()), dy.device());
                  add_at(op, geometry, dy, index, sums);
                  gradients.add(0, sums.cast(dy.dtype()));
                });
}

int check_elements(const char* op, const Variable& x, const Tensor& index, int axis) {
  const int at = checked_axis(op, axis, x.shape().rank());
  require(
      index.shape().rank() == x.shape().rank() && with_extent(index.shape(), at, 0) == with_extent(x.shape(), at, 0),
      op, "expects indices of the shape of x ", x.shape(), " but for axis ", axis, ", got ", index.shape());
  check_index(op, x.value(), index, x.shape()[at]);
  return at;
}

}  // namespace

Variable index_select(const Variable& x, const Tensor& index, int axis) {
  const int at = checked_axis("index_select", axis, x.shape().rank());
  require(index.shape().rank() == 1, "index_select", "expects indices [M], got ", index.shape());
  check_index("index_select", x.value(), index, x.shape()[at]);
  return take("index_select", geometry_of(x.shape(), at, index.size(), IndexOf::rows), x, index,
              with_extent(x.shape(), at, index.size()));
}

Variable embedding(const Variable& table, const Tensor& index) {
  require(table.shape().rank() == 2, "embedding", "expects a table [V,D], got ", table.shape());
  check_index("embedding", table.value(), index, table.shape()[0]);
  std::vector<std::int64_t> extents(index.shape().extents().begin(), index.shape().extents().end());
  extents.push_back(table.shape()[1]);
  return take("embedding", geometry_of(table.shape(), 0, index.size(), IndexOf::rows), table, index,
              Shape(std::span<const std::int64_t>(extents)));
}

Variable gather(const Variable& x, const Tensor& index, int axis) {
  const int at = check_elements("gather", x, index, axis);
  return take("gather", geometry_of(x.shape(), at, index.shape()[at], IndexOf::elements), x, index, index.shape());
}

Variable scatter_add(const Variable& x, const Tensor& index, const Variable& source, int axis) {
  constexpr const char* op = "scatter_add";
  const int at = check_elements(op, x, index, axis);
  require_one_device(op, {&x.value(), &source.value()});
  require(source.shape() == index.shape() && source.dtype() == x.dtype(), op, "expects a source of ",
          name_of(x.dtype()), index.shape(), ", got ", name_of(source.dtype()), source.shape());
  const IndexGeometry geometry = geometry_of(x.shape(), at, index.shape()[at], IndexOf::elements);
  const DType master = master_dtype(x.dtype());
  Tensor sums = x.dtype() == master ? x.value().clone() : x.value().cast(master);
  add_at(op, geometry, source.value(), index, sums);
  return record(op, sums.cast(x.dtype()), {&x, &source}, [=](Tensor dy, Gradients& gradients) {
    if (gradients.wants(1)) gradients.add(1, taken(op, geometry, dy, index, index.shape()));
    gradients.add(0, std::move(dy));
  });
}

Tensor one_hot(const Tensor& index, std::int64_t classes, DType dtype) {
  require(classes >= 0, "one_hot", "expects at least 0 classes, got ", classes);
  check_index("one_hot", index, index, classes);
  std::vector<std::int64_t> extents(index.shape().extents().begin(), index.shape().extents().end());
  extents.push_back(classes);
  Tensor y = Tensor::empty(Shape(std::span<const std::int64_t>(extents)), dtype, index.device());
  const Exec exec = exec_of(y);
  dispatch(exec, dtype, "one_hot", [&]<class Device, class T>() {
    kernels::Index<Device>::one_hot(exec, index.size(), classes, index.data<std::int32_t>(), y.mutable_data<T>());
  });
  return y;
}

namespace {

Tensor filled(const Tensor& x, const Tensor& mask, double value) {
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.device());
  const Exec exec = exec_of(y);
  dispatch<kernels::CopyTypes, kernels::CopyTypes>(exec, x.dtype(), "masked_fill", [&]<class Device, class T>() {
    const T element = std::is_integral_v<T> ? T(value) : T(static_cast<Master<T>>(value));
    kernels::Index<Device>::fill_where(exec, x.size(), sizeof(T), bits_of(element), mask.data<std::uint8_t>(),
                                       x.data<T>(), y.mutable_data<T>());
  });
  return y;
}

}  // namespace

Variable masked_fill(const Variable& x, const Tensor& mask, double value) {
  require_one_device("masked_fill", {&x.value(), &mask});
  require(mask.dtype() == DType::u8, "masked_fill", "expects a mask of u8, got ", name_of(mask.dtype()));
  const Tensor whole = mask.shape() == x.shape() ? mask : expand(mask, x.shape()).value();
  return record("masked_fill", filled(x.value(), whole, value), {&x},
                [whole](const Tensor& dy, Gradients& gradients) { gradients.add(0, filled(dy, whole, 0)); });
}

}  // namespace sluice::ops
