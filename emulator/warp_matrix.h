// SPDX-License-Identifier: Apache-2.0
// The matrix instructions of a warp. kernels/cuda/ptx.h says what they compute and which lane holds what.
#pragma once

#include <array>
#include <cstdint>

#include <sluice/emulator/emulator.h>

namespace sluice::emulator {

enum class Transpose { no, yes };

// ldmatrix.x<count>.
void load_matrices(std::uint32_t* registers, int count, const void* row, Transpose transpose, const Location& at);

// movmatrix.trans.
std::uint32_t transpose_matrix(std::uint32_t matrix, const Location& at);

// mma. The products of an element are summed in f32 one after another, from k = 0; tensor cores sum in another order
// and width, so only sums that are exact in every order have the bits of a GPU.
void multiply_add_bf16(float (&d)[4], const std::uint32_t (&a)[4], std::array<std::uint32_t, 2> b, const Location& at);
void multiply_add_tf32(float (&d)[4], const std::uint32_t (&a)[4], std::array<std::uint32_t, 2> b, const Location& at);

// cvt.rna.tf32.f32.
std::uint32_t round_to_tf32(std::uint32_t word);

}  // namespace sluice::emulator
