// SPDX-License-Identifier: Apache-2.0
// The matrix products of convolution by arithmetic, each compiled in a file of its own (conv2d_gemm_bf16.cu, ...):
// which tile serves a shape.
#pragma once

#include <sluice/kernels/cuda/conv2d_gather_kernel.h>
#include <sluice/kernels/cuda/conv2d_weight_gradient.h>

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

// The tile of forward and backward_input; by its rows the moments of forward are taken.
enum class GatherTile : std::uint8_t { slim, narrow, square, medium, large };
inline GatherTile gather_tile(const GatherShape& shape, Access access) {
  if (shape.columns <= 16) return GatherTile::slim;
  if (access == Access::scalar) return GatherTile::medium;
  if (shape.columns <= 32) return GatherTile::narrow;
  const std::int64_t results = std::int64_t{shape.batch} * shape.height * shape.width;
  const auto tiles = [&](int m, int n) { return ((results + m - 1) / m) * ((shape.columns + n - 1) / n); };
  if (shape.columns > 64 && tiles(128, 128) >= kBusyTiles) return GatherTile::large;
  return tiles(128, 64) >= kBusyTiles ? GatherTile::medium : GatherTile::square;
}
inline int rows_of(GatherTile tile) { return tile == GatherTile::square ? 64 : 128; }

template <class Arithmetic>
void conv2d_gather(const Exec&, const GatherShape&, const GatherOperands<typename Arithmetic::Element>&, Access);

template <class Arithmetic>
void conv2d_weight_gradient(const Exec&, const WeightGradientShape&,
                            const WeightGradientOperands<typename Arithmetic::Element>&, Access access_of_dy,
                            Access access_of_x);

}  // namespace sluice::kernels::cuda
