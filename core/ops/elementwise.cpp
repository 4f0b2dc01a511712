// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/elementwise.h>

namespace sluice::ops {

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
