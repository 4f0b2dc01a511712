// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/core/ops/batch_norm.h>
#include <sluice/nn/initialiser.h>
#include <sluice/nn/module.h>

namespace sluice::nn {

// x [N,C] or [N,H,W,C] -> the same shape. Parameters: weight [C], at first 1, and bias [C], at first 0; buffers:
// running_mean [C], at first 0, and running_var [C], at first 1.
class BatchNorm : public Module {
 public:
  BatchNorm(std::int64_t channels, Initialiser& initialiser, double epsilon = 1e-5, double momentum = 0.1);
  Variable forward(const Variable& x) override;

  // What an operation that is fused with the normalisation needs.
  const Variable& weight() const { return weight_; }
  const Variable& bias() const { return bias_; }
  ops::BatchNormStatistics& statistics() { return statistics_; }
  ops::BatchNormOptions options(const ops::BatchMoments& moments) const;

 private:
  double epsilon_, momentum_;
  Variable weight_, bias_;
  ops::BatchNormStatistics statistics_;
};

}  // namespace sluice::nn
