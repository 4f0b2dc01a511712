// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/elementwise.h>

#include <sluice/kernels/elementwise.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::ops {

Variable scale(const Variable& x, double factor) {
  const auto scaled = [factor](const Tensor& from) {
    Tensor to = Tensor::empty(from.shape(), from.dtype(), from.device());
    dispatch(exec_of(to), to.dtype(), "scale", [&]<class Device, class T>() {
      kernels::Elementwise<Device>::scale(exec_of(to), to.size(), static_cast<Master<T>>(factor), from.data<T>(),
                                          to.mutable_data<T>());
    });
    return to;
  };
  return record("scale", scaled(x.value()), {&x},
                [scaled](Tensor dy, Gradients& gradients) { gradients.add(0, scaled(dy)); });
}

Variable reshape(const Variable& x, const Shape& shape) {
  return record("reshape", x.value().reshape(shape), {&x},
                [from = x.shape()](Tensor dy, Gradients& gradients) { gradients.add(0, std::move(dy).reshape(from)); });
}

Variable flatten(const Variable& x) {
  require(x.shape().rank() >= 1, "flatten", "expects [N,...], got ", x.shape());
  const std::int64_t rows = x.shape()[0];
  return reshape(x, Shape{rows, rows == 0 ? 0 : x.shape().size() / rows});
}

Variable cast(const Variable& x, DType dtype) {
  return record("cast", x.value().cast(dtype), {&x},
                [from = x.dtype()](Tensor dy, Gradients& gradients) { gradients.add(0, dy.cast(from)); });
}

}  // namespace sluice::ops
