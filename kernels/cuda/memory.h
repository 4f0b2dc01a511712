// SPDX-License-Identifier: Apache-2.0
// Memory of the CUDA device, behind kernels/base/memory.h.
#pragma once

#include <cstddef>

#include "kernels/base/exec.h"

namespace sluice::kernels::cuda {

// nullptr where the device has no more.
void* raw_allocate(std::size_t bytes);
void raw_free(void* memory) noexcept;
// Between host and device or on the device, in the order of `exec`; returns when it is done.
void copy_bytes(const Exec& exec, void* to, const void* from, std::size_t bytes);
void fill_zero(const Exec& exec, void* memory, std::size_t bytes);

}  // namespace sluice::kernels::cuda
