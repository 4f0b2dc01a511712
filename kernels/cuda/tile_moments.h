// SPDX-License-Identifier: Apache-2.0
// The moments of the columns of a block's tile of D (gemm.h), out of the registers that hold it: each thread those of
// its own rows, joined in shared memory in the order of the rows.
// Source: Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979.
#pragma once

#include <sluice/kernels/cuda/gemm_products.h>

namespace sluice::kernels::cuda {

// Mean and sum of squared deviations from it, for each column of the tile's first `rows` rows (from 1):
// write(column, mean, squares), by one thread. value(column, sum) is what stands for a sum of D. All threads of the
// block take part; the stages in shared memory are lost.
template <class Tile, class Value, class Write>
__device__ __forceinline__ void tile_moments(const GemmProducts<Tile>& products, int rows, const Value& value,
                                             const Write& write) {
  using Products = GemmProducts<Tile>;
  constexpr int sharing = Products::sharing, most = Products::rows_of_thread;
  constexpr int shares = Tile::m / most;  // of a column
  constexpr int line = Tile::n + 1;       // lanes that are rows apart meet few banks twice
  static_assert(Tile::threads >= Tile::n && 2 * shares * line * sizeof(float) <= Tile::shared_bytes);
  SHARED_DYNAMIC(float, means);
  float* squares = means + shares * line;
  const auto rows_of = [&](int share) {
    const int first = share / sharing * Tile::warp_m + share % sharing;
    return max(0, min((rows - first + sharing - 1) / sharing, most));
  };

  const int own = rows_of(products.share());
  const float part = 1.0f / static_cast<float>(max(own, 1));
  // The stages have been read.
  __syncthreads();
  products.for_each_column([&](int column, const float(&values)[most]) {
    // Around the first of so few, sums lose nothing to a large mean.
    const float shift = value(column, values[0]);
    float sum = 0, square = 0;
    UNROLL for (int i = 1; i < most; ++i) {
      const float deviation = i < own ? value(column, values[i]) - shift : 0.0f;
      sum += deviation;
      square += deviation * deviation;
    }
    means[products.share() * line + column] = shift + sum * part;
    squares[products.share() * line + column] = square - sum * sum * part;
  });
  __syncthreads();

  const int column = static_cast<int>(threadIdx.x);
  if (column >= Tile::n) return;
  const float shift = means[column];
  float sum = 0, square = 0;
  UNROLL for (int share = 1; share < shares; ++share) sum +=
      static_cast<float>(rows_of(share)) * (means[share * line + column] - shift);
  const float mean = shift + sum / static_cast<float>(rows);
  UNROLL for (int share = 0; share < shares; ++share) {
    const float apart = means[share * line + column] - mean;
    square += squares[share * line + column] + static_cast<float>(rows_of(share)) * (apart * apart);
  }
  write(column, mean, square);
}

}  // namespace sluice::kernels::cuda
