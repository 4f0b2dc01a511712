// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/fused/batch_norm_relu.h>

#include <sluice/core/ops/batch_norm_tail.h>

namespace sluice::ops {

Variable batch_norm_relu(const Variable& x, const Variable& weight, const Variable& bias,
                         BatchNormStatistics& statistics, const BatchNormOptions& options) {
  return batch_norm_with_tail("batch_norm_relu", kernels::BatchNormTail::relu, x, {}, weight, bias, statistics,
                              options);
}

Variable batch_norm_add_relu(const Variable& x, const Variable& residual, const Variable& weight, const Variable& bias,
                             BatchNormStatistics& statistics, const BatchNormOptions& options) {
  return batch_norm_with_tail("batch_norm_add_relu", kernels::BatchNormTail::add_relu, x, residual, weight, bias,
                              statistics, options);
}

}  // namespace sluice::ops
