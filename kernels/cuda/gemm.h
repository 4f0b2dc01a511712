// SPDX-License-Identifier: Apache-2.0
// A block's part of a matrix product D[m,n] = sum over d of A[m,d] * B[n,d]: tiles of A and B flow through shared
// memory in stages of asynchronous copies while warps multiply those that have arrived. What A and B are, a loader says
// (conv2d_gather.h, conv2d_weight_gradient.h); how elements multiply, an arithmetic.
// Sources: PTX ISA, "Matrix fragments for mma.m16n8k16" and "ldmatrix"; NVIDIA CUTLASS's documentation of implicit GEMM
// (multi-stage pipelines, swizzles).
#pragma once

#include <sluice/kernels/cuda/device.h>
#include <sluice/kernels/cuda/ptx.h>
#include <sluice/kernels/cuda/tile_layout.h>

namespace sluice::kernels::cuda {

// How factors multiply; sums are in float.
struct Bf16Products {
  using Element = BFloat16;
};
struct Tf32Products {  // factors rounded to 10 bits, on tensor cores
  using Element = float;
};
struct Fp32Products {  // fused multiply-adds in float
  using Element = float;
};

// A block's tile of D, and the part of it that a warp sums.
template <class Arithmetic_, Contiguous contiguous_, int m_, int n_, int warp_m_, int warp_n_, int stages_ = 3>
struct GemmTile {
  using Arithmetic = Arithmetic_;
  using Element = typename Arithmetic::Element;
  static constexpr Contiguous contiguous = contiguous_;
  static constexpr int m = m_, n = n_, warp_m = warp_m_, warp_n = warp_n_, stages = stages_;
  static constexpr int chunk = 16 / static_cast<int>(sizeof(Element));  // elements
  static constexpr int depth = 4 * chunk;                               // of a stage
  static constexpr int threads = (m / warp_m) * (n / warp_n) * 32;
  // Of a multiprocessor, for which the compiler leaves registers: one large tile of fp32 would fill it with 8 warps.
  static constexpr int blocks = std::is_same_v<Arithmetic, Fp32Products> && threads == 256 ? 2 : 1;
  static constexpr int stage_elements = (m + n) * depth;
  static constexpr std::size_t shared_bytes = std::size_t{stages} * stage_elements * sizeof(Element);
  static_assert(m % warp_m == 0 && n % warp_n == 0 && warp_m % 16 == 0 && warp_n % 16 == 0 && stages >= 3);
};

// The place of the first element of a chunk.
template <class Tile, int chunks>
__device__ __forceinline__ int place_in_tile(int row, int chunk) {
  return chunk_place(Tile::contiguous, Tile::chunk, chunks, row, chunk) * Tile::chunk;
}

// Runs `loader` and `products` over `steps` stages. loader.load(a, b) starts the copies of the next stage into tiles.
template <class Tile, class Products, class Loader>
__device__ __forceinline__ void multiply(Products& products, Loader& loader, int steps,
                                         typename Tile::Element* shared) {
  const auto load = [&](int stage) {
    typename Tile::Element* a = shared + stage * Tile::stage_elements;
    loader.load(a, a + Tile::m * Tile::depth);
  };
  UNROLL for (int stage = 0; stage < Tile::stages - 1; ++stage) {
    if (stage < steps) load(stage);
    ptx::cp_async_commit();
  }
  int reading = 0, writing = Tile::stages - 1;
  for (int step = 0; step < steps; ++step) {
    // The copies of this stage have arrived for all, and all have read the stage that is overwritten next.
    ptx::cp_async_wait<Tile::stages - 2>();
    __syncthreads();
    if (step + Tile::stages - 1 < steps) load(writing);
    ptx::cp_async_commit();
    const typename Tile::Element* a = shared + reading * Tile::stage_elements;
    products.accumulate(a, a + Tile::m * Tile::depth);
    reading = reading + 1 == Tile::stages ? 0 : reading + 1;
    writing = writing + 1 == Tile::stages ? 0 : writing + 1;
  }
}

}  // namespace sluice::kernels::cuda
