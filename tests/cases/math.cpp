// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/math.h>

#include <sluice/core/ops/activation.h>

#include "tests/cases/cases.h"

namespace sluice::test {

std::vector<OpCase> math_cases() {
  struct Row {
    const char* op;
    std::function<Variable(const Variable&)> function;
    double low = -4, high = 4;
    double gap_at_zero = 0;
    double tolerance_bf16 = 2e-2;
  };
  std::vector<OpCase> cases;
  const auto clamp = [](const Variable& x) { return ops::clamp(x, 0, 10); };
  const auto leaky_relu = [](const Variable& x) { return ops::leaky_relu(x, 0.2); };
  const auto elu = [](const Variable& x) { return ops::elu(x, 0.7); };
  for (const Row& row :
       {Row{"negative", ops::negative}, Row{"abs", ops::abs, -4, 4, 0.01}, Row{"sign", ops::sign, -4, 4, 0.01},
        Row{"square", ops::square}, Row{"sqrt", ops::sqrt, 0.1, 4}, Row{"rsqrt", ops::rsqrt, 0.1, 4},
        Row{"exp", ops::exp}, Row{"expm1", ops::expm1}, Row{"log", ops::log, 0.1, 4}, Row{"log1p", ops::log1p, -0.9, 4},
        Row{"sin", ops::sin}, Row{"cos", ops::cos},
        // The derivative of a result rounded to bf16, 1 - y^2, cancels near 1.
        Row{"tanh", ops::tanh, -2, 2, 0, 3e-2}, Row{"erf", ops::erf}, Row{"clamp", clamp, -4, 4, 0.01},
        Row{"relu", ops::relu, -4, 4, 0.01}, Row{"leaky_relu", leaky_relu, -4, 4, 0.01}, Row{"elu", elu, -4, 4, 0.01},
        Row{"gelu", ops::gelu}, Row{"gelu_tanh", ops::gelu_tanh}, Row{"sigmoid", ops::sigmoid}, Row{"silu", ops::silu},
        Row{"softplus", ops::softplus}, Row{"mish", ops::mish}, Row{"hardswish", ops::hardswish, -2.5, 2.5}}) {
    const auto add = [&](const char* name, const Shape& shape, bool benchmark_only = false) {
      cases.push_back(
          {.op = row.op,
           .name = name,
           .inputs = {{.name = "x", .shape = shape, .low = row.low, .high = row.high, .gap_at_zero = row.gap_at_zero}},
           .run = [f = row.function](const std::vector<Variable>& in) { return f(in[0]); },
           .tolerance_bf16 = row.tolerance_bf16,
           .benchmark_only = benchmark_only});
    };
    add("one", {1});
    add("odd", {3, 5, 7, 11});
    add("resnet20_stage1", {128, 32, 32, 16}, true);
  }
  return cases;
}

}  // namespace sluice::test
