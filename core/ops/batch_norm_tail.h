// SPDX-License-Identifier: Apache-2.0
// What batch_norm and its fused forms share. Programs call those.
#pragma once

#include <sluice/core/ops/batch_norm.h>
#include <sluice/kernels/batch_norm.h>

namespace sluice::ops {

// `residual` is undefined but for the add_relu tail; `name` goes into messages and onto the tape.
Variable batch_norm_with_tail(const char* name, kernels::BatchNormTail tail, const Variable& x,
                              const Variable& residual, const Variable& weight, const Variable& bias,
                              BatchNormStatistics& statistics, const BatchNormOptions& options);

}  // namespace sluice::ops
