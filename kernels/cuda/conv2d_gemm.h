// SPDX-License-Identifier: Apache-2.0
// The matrix products of convolution by arithmetic, each compiled in a file of its own (conv2d_gemm_bf16.cu, ...):
// which tile serves a shape.
#pragma once

#include "kernels/cuda/conv2d_gather_kernel.h"
#include "kernels/cuda/conv2d_weight_gradient.h"

namespace sluice::kernels::cuda {

// Tiles that a GPU should have to be busy: the multiprocessors of an H100. A constant, so that a shape's sums have one
// order on every device.
inline constexpr std::int64_t kBusyTiles = 132;

// The tile of backward_weight, which decides how its sum is split.
struct TileExtents {
  int m, n;
};
inline TileExtents weight_gradient_tile(std::int64_t out_channels, std::int64_t columns, Access access_of_x) {
  if (access_of_x == Access::scalar) return {64, 32};
  if (out_channels > 64 && columns >= 128) return {128, 128};
  return {out_channels > 32 ? 64 : out_channels > 16 ? 32 : 16, 64};
}

template <class Arithmetic>
void conv2d_gather(const Exec&, const GatherShape&, const GatherOperands<typename Arithmetic::Element>&, Access);

template <class Arithmetic>
void conv2d_weight_gradient(const Exec&, const WeightGradientShape&,
                            const WeightGradientOperands<typename Arithmetic::Element>&, Access access_of_dy,
                            Access access_of_x);

}  // namespace sluice::kernels::cuda
