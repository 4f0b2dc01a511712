// SPDX-License-Identifier: Apache-2.0
// Tensors in and out of other libraries (libtorch, NumPy, CuPy) without a copy: DLPack's structure that describes
// memory and knows how to free it. Its header is <dlpack/dlpack.h> (Debian: libdlpack-dev); a build that did not find
// it throws DeviceError here. Source: https://dmlc.github.io/dlpack, "C API".
#pragma once

#include <sluice/core/tensor.h>

struct DLManagedTensor;

namespace sluice {

// The tensor's memory as f32, bf16, f64, i32 or u8, to hand to another library, whose calling its `deleter` gives the
// memory up again: the elements live until then. On the CUDA device, work that writes the elements must have finished
// (Tensor::item and to_vector wait for all that was asked before). Throws std::invalid_argument for an undefined
// tensor.
DLManagedTensor* to_dlpack(const Tensor& tensor);

// A tensor over the memory that `managed` describes. It is taken over: its deleter is called when the last copy of the
// tensor goes, or at once where this throws. Throws std::invalid_argument for an element type, a device or more axes
// than a Tensor can have, for elements that are not in row-major order (copy those before) and for memory that does not
// start at a multiple of 16 bytes. Bools become masks of u8.
Tensor from_dlpack(DLManagedTensor* managed);

}  // namespace sluice
