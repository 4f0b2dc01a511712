// SPDX-License-Identifier: Apache-2.0
// Batch normalisation with the relu behind it, in no more passes over memory than the normalisation alone.
#pragma once

#include <sluice/core/ops/batch_norm.h>

namespace sluice::ops {

// relu(batch_norm(x)). Its way back needs x only: what passed the relu is told from x again.
Variable batch_norm_relu(const Variable& x, const Variable& weight, const Variable& bias,
                         BatchNormStatistics& statistics, const BatchNormOptions& options = {});

// relu(batch_norm(x) + residual), residual of x's shape and type.
Variable batch_norm_add_relu(const Variable& x, const Variable& residual, const Variable& weight, const Variable& bias,
                             BatchNormStatistics& statistics, const BatchNormOptions& options = {});

}  // namespace sluice::ops
