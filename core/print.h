// SPDX-License-Identifier: Apache-2.0
// Tensors as text, as print() of NumPy 2 writes arrays: at most 8 digits behind the point, columns aligned, lines of 75
// characters, and of more than 1000 elements the first and last three along each axis. bf16 is written as the f32 of
// the same value, masks as 0 and 1. Waits for the device.
#pragma once

#include <ostream>

#include <sluice/core/tensor.h>

namespace sluice {

// An undefined tensor is "undefined".
std::ostream& operator<<(std::ostream& out, const Tensor& tensor);

}  // namespace sluice
