// SPDX-License-Identifier: Apache-2.0
// Views and conversions of tensors of any shape.
#pragma once

#include <sluice/core/tape.h>

namespace sluice::ops {

// The same elements under another shape of equal size; no copy.
Variable reshape(const Variable& x, const Shape& shape);
// [N,...] as [N,D].
Variable flatten(const Variable& x);
// In another floating type; the gradient comes back in the type of x.
Variable cast(const Variable& x, DType dtype);

}  // namespace sluice::ops
