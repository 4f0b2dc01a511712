// SPDX-License-Identifier: Apache-2.0
// Softmax over the innermost axis of x [...,C], C > 0, in f32, bf16 or f64. For a loss, ops::softmax_cross_entropy does
// both at once.
#pragma once

#include <sluice/core/tape.h>

namespace sluice::ops {

Variable softmax(const Variable& x);
Variable log_softmax(const Variable& x);

}  // namespace sluice::ops
