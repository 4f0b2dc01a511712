// SPDX-License-Identifier: Apache-2.0
// Softmax over an axis of x, of at least one element, in f32, bf16 or f64; a negative axis counts from the innermost
// (-1). For a loss, ops::softmax_cross_entropy does both at once.
#pragma once

#include <sluice/core/tape.h>

namespace sluice::ops {

Variable softmax(const Variable& x, int axis = -1);
Variable log_softmax(const Variable& x, int axis = -1);

}  // namespace sluice::ops
