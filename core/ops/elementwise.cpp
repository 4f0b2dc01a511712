// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/elementwise.h>

#include <sluice/kernels/elementwise.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::ops {

Variable scale(const Variable& x, double factor) {
  const auto scaled = [factor](const Tensor& from) {
    Tensor to = Tensor::empty(from.shape(), from.dtype(), from.device());
    with_float_type(to.dtype(), "scale", [&](auto tag) {
      using T = decltype(tag);
      SLUICE_KERNEL(T, exec_of(to), scale, to.size(), static_cast<Master<T>>(factor), from.ptr<T>(), to.ptr<T>());
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
