// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/core/ops/loss.h>
#include <sluice/kernels/cross_entropy.h>

namespace sluice::ops {

// Throws what softmax_cross_entropy promises, in the name of `op`, for arguments that don't fit.
kernels::CrossEntropyGeometry check_cross_entropy(const char* op, const Tensor& logits, const Tensor& labels,
                                                  const CrossEntropyOptions& options);

}  // namespace sluice::ops
