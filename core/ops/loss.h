// SPDX-License-Identifier: Apache-2.0
// Losses: scalars of shape [] in the master type (f32, or f64 beside f64), which stay on the device.
#pragma once

#include <sluice/core/tape.h>

namespace sluice::ops {

struct CrossEntropyOptions {
  double label_smoothing = 0;        // in [0,1]: the share of the target that is spread evenly over the classes
  Tensor class_weights;              // f32 [C], or undefined: every class weighs 1
  std::int32_t ignore_index = -100;  // rows of this label don't count
};

// Mean over the rows of -log softmax(logits)[label], as torch.nn.functional.cross_entropy with reduction='mean'
// defines it with smoothing, weights and ignored rows (NaN where every row is ignored); kernels/cross_entropy.h has the
// formula. logits [N,C] in f32, bf16 or f64; labels i32 [N].
// Throws std::invalid_argument for shapes or types that don't fit, and on the CPU, where labels can be read without
// waiting, for a label that is neither in [0,C) nor ignore_index. On another device such a label makes the loss and all
// gradients NaN.
Variable softmax_cross_entropy(const Variable& logits, const Tensor& labels, const CrossEntropyOptions& options = {});

// The losses of the rows themselves, [N] in the master type, as reduction='none' has them: 0 for an ignored row, and
// the row's class weight is in its loss. Otherwise as above, but that an unknown label on another device than the CPU
// makes its own row NaN alone.
Variable softmax_cross_entropy_rows(const Variable& logits, const Tensor& labels,
                                    const CrossEntropyOptions& options = {});

// Mean over all elements of (x - target)^2; any shape, both of one type.
Variable mean_squared_error(const Variable& x, const Variable& target);

}  // namespace sluice::ops
