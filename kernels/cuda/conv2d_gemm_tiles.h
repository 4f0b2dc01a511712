// SPDX-License-Identifier: Apache-2.0
// Bodies of conv2d_gemm.h, for the files that instantiate them.
#pragma once

#include <sluice/kernels/cuda/conv2d_gemm.h>

namespace sluice::kernels::cuda {

// fp32 has 256 threads for a large tile, 8x8 sums each; tensor cores do most with 64x64 sums a warp.
template <class Arithmetic>
inline constexpr bool kOnTensorCores = !std::is_same_v<Arithmetic, Fp32Products>;

template <class Arithmetic>
void conv2d_gather(const Exec& exec, const GatherShape& shape,
                   const GatherOperands<typename Arithmetic::Element>& operands, Access access) {
  constexpr Contiguous along = Contiguous::depth;
  constexpr int warp_m = kOnTensorCores<Arithmetic> ? 64 : 32;
  using Large = GemmTile<Arithmetic, along, 128, 128, warp_m, 64, 4>;
  using Medium = GemmTile<Arithmetic, along, 128, 64, warp_m, 32, 4>;
  using Square = GemmTile<Arithmetic, along, 64, 64, 32, 32, 4>;
  using Narrow = GemmTile<Arithmetic, along, 128, 32, 32, 32, 4>;
  using Slim = GemmTile<Arithmetic, along, 128, 16, 32, 16, 4>;
  constexpr Access vector = Access::vector, scalar = Access::scalar;
  switch (gather_tile(shape, access)) {
    case GatherTile::slim:
      return access == vector ? launch_gather<Slim, vector>(exec, shape, operands)
                              : launch_gather<Slim, scalar>(exec, shape, operands);
    case GatherTile::narrow: return launch_gather<Narrow, vector>(exec, shape, operands);
    case GatherTile::square: return launch_gather<Square, vector>(exec, shape, operands);
    case GatherTile::medium:
      return access == vector ? launch_gather<Medium, vector>(exec, shape, operands)
                              : launch_gather<Medium, scalar>(exec, shape, operands);
    case GatherTile::large: return launch_gather<Large, vector>(exec, shape, operands);
  }
}

template <class Arithmetic>
void conv2d_weight_gradient(const Exec& exec, const WeightGradientShape& shape,
                            const WeightGradientOperands<typename Arithmetic::Element>& operands, Access access_of_dy,
                            Access access_of_x) {
  constexpr Contiguous along = Contiguous::results;
  using Large = GemmTile<Arithmetic, along, 128, 128, kOnTensorCores<Arithmetic> ? 64 : 32, 64, 4>;
  using Square = GemmTile<Arithmetic, along, 64, 64, 32, 32, 4>;
  using Flat = GemmTile<Arithmetic, along, 32, 64, 16, 32, 4>;
  using Slim = GemmTile<Arithmetic, along, 16, 64, 16, 16, 4>;
  using Few = GemmTile<Arithmetic, along, 64, 32, 32, 16, 4>;
  constexpr Access vector = Access::vector, scalar = Access::scalar;
  if (access_of_x == scalar)
    return access_of_dy == vector ? launch_weight_gradient<Few, vector, scalar>(exec, shape, operands)
                                  : launch_weight_gradient<Few, scalar, scalar>(exec, shape, operands);
  switch (weight_gradient_tile(shape.out_channels, shape.columns, access_of_x).m) {
    case 128: return launch_weight_gradient<Large, vector, vector>(exec, shape, operands);
    case 64: return launch_weight_gradient<Square, vector, vector>(exec, shape, operands);
    case 32: return launch_weight_gradient<Flat, vector, vector>(exec, shape, operands);
    default: return launch_weight_gradient<Slim, vector, vector>(exec, shape, operands);
  }
}

}  // namespace sluice::kernels::cuda
