// SPDX-License-Identifier: Apache-2.0
// The matrix products of kernels/cpu/matmul.cpp by oneDNN, for T = float or BFloat16; absent in a build without it.
#pragma once

#include <sluice/kernels/matmul.h>

namespace sluice::kernels::cpu {

inline constexpr bool kMatmulPrograms =
#ifdef SLUICE_WITH_ONEDNN
    true;
#else
    false;
#endif

template <class T>
std::size_t matmul_program_scratch_bytes(const MatmulShape& shape);
template <class T>
void run_matmul_program(const MatmulShape& shape, const T* a, const T* b, T* y, void* scratch);

}  // namespace sluice::kernels::cpu
