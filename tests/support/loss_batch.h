// SPDX-License-Identifier: Apache-2.0
// A small batch of logits and labels on the CPU, and what plain and flooded cross entropy make of it.
#pragma once

#include <sluice/core/ops.h>
#include "tests/support/op_case.h"

namespace sluice::test {

using Values = std::vector<float>;

inline constexpr std::int64_t kRows = 12, kClasses = 5;

inline Tensor logits() { return random_tensor({kRows, kClasses}, DType::f32, 5, -2, 2); }

inline Tensor labels() {
  std::vector<std::int32_t> values(kRows);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int32_t>(i * 7 % kClasses);
  return Tensor::from<std::int32_t>(values, {kRows});
}

struct Result {
  double value = 0;
  double mean = 0;
  double flooded = 0;
  Values gradient;  // by the logits, or by the losses
};

inline Result of_plain_mean() {
  Tape tape;
  const Variable x = tape.watched(logits());
  const Variable loss = ops::softmax_cross_entropy(x, labels());
  tape.backward(loss);
  return {.value = loss.value().item(), .gradient = x.gradient().to_vector<float>()};
}

inline Result of_flooded_mean(double level) {
  Tape tape;
  const Variable x = tape.watched(logits());
  const Variable loss = ops::flood(ops::softmax_cross_entropy(x, labels()), level);
  tape.backward(loss);
  return {.value = loss.value().item(), .gradient = x.gradient().to_vector<float>()};
}

}  // namespace sluice::test
