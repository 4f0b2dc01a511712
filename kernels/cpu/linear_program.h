// SPDX-License-Identifier: Apache-2.0
// The matrix products of kernels/cpu/linear.cpp by oneDNN; absent (`run` is false) in a build without it.
#pragma once

#include <sluice/kernels/linear.h>

namespace sluice::kernels::cpu {

enum class LinearPass : unsigned char { forward, forward_bias, backward_input, backward_weight };

inline constexpr bool kLinearPrograms =
#ifdef SLUICE_WITH_ONEDNN
    true;
#else
    false;
#endif

// T = float or BFloat16. Operands by the pass: x, weight, bias, y; gradients in place of what they belong to.
template <class T>
std::size_t linear_program_scratch_bytes(LinearPass pass, const LinearShape& shape);
template <class T>
void run_linear_program(LinearPass pass, const LinearShape& shape, const T* x, const float* weight, const float* bias,
                        const T* y, void* scratch);

}  // namespace sluice::kernels::cpu
