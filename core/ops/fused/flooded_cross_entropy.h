// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/core/ops/flood_rows.h>
#include <sluice/core/ops/loss.h>

namespace sluice::ops {

struct FloodedCrossEntropy {
  Variable loss;  // to run backward from
  Tensor mean;    // the unflooded loss, to log
};

// flood(softmax_cross_entropy(logits, labels, options), level) and the mean within, computed with its gradient at once:
// one kernel for a batch. Throws what the two throw. The level as a tensor is read as the operation runs: an f64 scalar
// on the device of the logits, finite and at least 0.
FloodedCrossEntropy flooded_cross_entropy(const Variable& logits, const Tensor& labels, double level,
                                          const CrossEntropyOptions& options = {});
FloodedCrossEntropy flooded_cross_entropy(const Variable& logits, const Tensor& labels, const Tensor& level,
                                          const CrossEntropyOptions& options = {});

// flood_rows(softmax_cross_entropy_rows(logits, labels, options), levels, flood) in the same way, at least one row. One
// level for all is best an f64 scalar, which is read where it lies; another type costs a kernel that converts it.
FloodedRows flooded_cross_entropy_rows(const Variable& logits, const Tensor& labels, const Tensor& levels,
                                       const FloodOptions& flood, const CrossEntropyOptions& options = {});

}  // namespace sluice::ops
