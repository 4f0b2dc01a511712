// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/core/tensor.h>

namespace sluice {

// The gradient with which Tape::backward(loss) begins: a scalar 1 that is made once for each type and device and kept.
// A way back that is given this very tensor need not multiply by it. Nobody may write to it, and since it is never
// unique(), no operation does.
Tensor unit_gradient(DType dtype, Device device);

}  // namespace sluice
