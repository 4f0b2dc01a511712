// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/pointwise.h>

namespace sluice::ops::detail {

Shape pointwise_shape(const char* op, std::span<const Variable> operands) {
  const Tensor& first = operands[0].value();
  require(first.defined(), op, "expects defined operands, got an undefined operand 0");
  require(first.dtype() == DType::f32 || first.dtype() == DType::bf16 || first.dtype() == DType::f64, op,
          "expects operands of f32, bf16 or f64, got ", name_of(first.dtype()));
  Shape shape = first.shape();
  for (std::size_t i = 1; i < operands.size(); ++i) {
    const Tensor& other = operands[i].value();
    require(other.defined(), op, "expects defined operands, got an undefined operand ", i);
    require_one_device(op, {&first, &other});
    require(other.dtype() == first.dtype(), op, "expects operands of one type, got ", name_of(first.dtype()),
            first.shape(), " and ", name_of(other.dtype()), other.shape());
    shape = broadcast_shape(op, shape, other.shape());
  }
  return shape;
}

}  // namespace sluice::ops::detail
