// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/core/tensor.h>

namespace sluice {

// Whether no element is NaN or infinite. f32, f64 and bf16; integers and undefined tensors are finite. Elements on
// another device are copied to the host, which waits for the device.
bool all_finite(const Tensor& tensor);

}  // namespace sluice
