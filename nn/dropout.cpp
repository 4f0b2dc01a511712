// SPDX-License-Identifier: Apache-2.0
#include <sluice/nn/dropout.h>

#include <sluice/core/ops/dropout.h>

namespace sluice::nn {

Dropout::Dropout(double probability, Initialiser& initialiser)
    : probability_(probability), seed_(initialiser.dropout_seed()) {
  require(probability >= 0 && probability < 1, "nn::Dropout", "expects a probability in [0,1), got ", probability);
}

Variable Dropout::forward(const Variable& x) {
  if (keeps_all()) return x;
  const PhiloxWords words = philox({seed_}, {static_cast<std::uint32_t>(RandomPurpose::dropout), passes_++, 0});
  const std::uint64_t pass_seed = std::uint64_t{words[1]} << 32 | words[0];
  const Device device = x.value().device();
  if (!step_in_memory_.defined() || step_in_memory_.device() != device)
    step_in_memory_ = Tensor::full({}, static_cast<double>(step_), DType::f64, device);
  return ops::dropout(x, probability_, pass_seed, step_in_memory_, mode());
}

void Dropout::set_step(std::int64_t step) {
  require(step >= 0 && step <= std::int64_t{0xffffffff}, "nn::Dropout", "expects a step in [0, 2^32), got ", step);
  passes_ = 0;
  // Within a step that takes its gradient twice, nothing is written: a captured graph would write the same again in
  // every other step.
  if (step == step_) return;
  step_ = step;
  // A tape that is still to run backwards needs the step of its masks.
  if (step_in_memory_.unique())
    step_in_memory_.fill(static_cast<double>(step));
  else
    step_in_memory_ = {};
}

}  // namespace sluice::nn
