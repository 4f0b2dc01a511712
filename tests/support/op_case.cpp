// SPDX-License-Identifier: Apache-2.0
#include "tests/support/op_case.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <sluice/base/philox.h>

namespace sluice::test {

Tensor random_tensor(const Shape& shape, DType dtype, std::uint32_t stream, double low, double high) {
  PhiloxStream random(1, RandomPurpose::test, stream);
  std::vector<double> values(static_cast<std::size_t>(shape.size()));
  for (double& value : values) value = low + (high - low) * random.next_uniform();
  return Tensor::from<double>(values, shape).cast(dtype);
}

std::vector<Tensor> make_inputs(const OpCase& op_case, DType dtype, Rounding rounding, Device device) {
  std::vector<Tensor> tensors;
  for (const CaseInput& input : op_case.inputs) {
    const bool is_parameter =
        input.role == CaseInput::Role::parameter || input.role == CaseInput::Role::constant_parameter;
    Tensor tensor =
        random_tensor(input.shape, DType::f64, static_cast<std::uint32_t>(tensors.size()), input.low, input.high);
    for (double* value = tensor.mutable_data<double>(); value != tensor.mutable_data<double>() + tensor.size(); ++value)
      if (std::abs(*value) < input.gap_at_zero) *value = std::copysign(input.gap_at_zero, *value);
    if (rounding == Rounding::through_bf16 && !is_parameter) tensor = tensor.cast(DType::bf16).cast(DType::f64);
    tensors.push_back(tensor.cast(is_parameter ? master_dtype(dtype) : dtype).to(device));
  }
  return tensors;
}

Evaluation evaluate(const OpCase& op_case, const std::vector<Tensor>& inputs, int passes) {
  Tape tape;
  std::vector<Variable> variables;
  for (std::size_t i = 0; i < inputs.size(); ++i)
    variables.push_back(op_case.inputs[i].differentiable() ? tape.watched(inputs[i]) : tape.input(inputs[i]));
  const Variable result = op_case.run(variables);
  Evaluation evaluation{.result = result.value().clone(), .gradients = {}};
  Tensor gradient = random_tensor(result.shape(), DType::f64, 99);
  if (result.dtype() == DType::bf16 || (!inputs.empty() && inputs[0].dtype() == DType::bf16))
    gradient = gradient.cast(DType::bf16);
  gradient = gradient.cast(DType::f64).cast(result.dtype()).to(result.value().device());
  for (int pass = passes; pass > 0; --pass) {
    for (Variable& variable : variables) variable.clear_gradient();
    tape.backward(result, gradient, pass > 1 ? KeepGraph::yes : KeepGraph::no);
  }
  for (const Variable& variable : variables) evaluation.gradients.push_back(variable.gradient());
  return evaluation;
}

double deviation(const Tensor& a, const Tensor& b, double floor) {
  require(a.shape() == b.shape(), "deviation", "between ", a.shape(), " and ", b.shape());
  const std::vector<double> left = a.to(Device{}).cast(DType::f64).to_vector<double>();
  const std::vector<double> right = b.to(Device{}).cast(DType::f64).to_vector<double>();
  double largest = floor;
  double difference = 0;
  for (std::size_t i = 0; i < left.size(); ++i) {
    if (!std::isfinite(left[i])) return std::numeric_limits<double>::infinity();
    largest = std::max(largest, std::abs(right[i]));
    difference = std::max(difference, std::abs(left[i] - right[i]));
  }
  return difference / largest;
}

}  // namespace sluice::test
