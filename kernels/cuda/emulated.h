// SPDX-License-Identifier: Apache-2.0
// What a device that is emulated (kernels/cuda/emulated.cpp) does besides, and a real one does not
// (not_emulated.cpp).
#pragma once

#include <cstddef>

#include <sluice/base/exec.h>

namespace sluice::kernels::cuda {

bool is_emulated();
// As kernels/runtime/memory.h has it.
void note_reuse(const Exec& exec, void* memory, std::size_t bytes);

}  // namespace sluice::kernels::cuda
