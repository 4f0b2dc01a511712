// SPDX-License-Identifier: Apache-2.0
// What a thread holds of a block's tile of D, and how it grows by a stage (gemm.h):
//   accumulate(a, b)   adds the products of a stage's tiles in shared memory
//   for_each(f)        f(row, column, Pack<float, pack>) for the thread's sums, `pack` neighbouring columns at a time
//   for_each_column(f) f(column, float [rows_of_thread]) for the thread's sums
//   share()            which rows of the tile those are: rows share % sharing + i * sharing of the warps' row
//                      share / sharing; as many threads of a warp as `sharing` share each column
#pragma once

#include <sluice/kernels/cuda/gemm.h>

namespace sluice::kernels::cuda {

// On tensor cores. Sums lie as mma.m16n8k16 and m16n8k8 leave them: lane 4g+t has columns 2t, 2t+1 of rows g and g+8.
// Where depth is contiguous, the columns of B that meet a pair of instructions are chosen so that a lane has 4t ...
// 4t+3 of 16, which makes whole sectors of what it stores.
template <class Tile>
class GemmProducts {
  using Element = typename Tile::Element;

 public:
  static constexpr int pack = Tile::contiguous == Contiguous::depth ? 4 : 2;
  static constexpr int sharing = 8, rows_of_thread = Tile::warp_m / sharing;

  __device__ __forceinline__ GemmProducts()
      : lane_(static_cast<int>(threadIdx.x) % 32),
        row_(static_cast<int>(threadIdx.x) / 32 / (Tile::n / Tile::warp_n) * Tile::warp_m),
        column_(static_cast<int>(threadIdx.x) / 32 % (Tile::n / Tile::warp_n) * Tile::warp_n) {}

  __device__ __forceinline__ void accumulate(const Element* a, const Element* b) {
    UNROLL for (int pair = 0; pair < 2; ++pair) {
      std::uint32_t rows[kRows][4], columns[kColumns / 2][4];
      UNROLL for (int i = 0; i < kRows; ++i) load_rows(rows[i], a, i, pair);
      UNROLL for (int j = 0; j < kColumns / 2; ++j) load_columns(columns[j], b, j, pair);
      UNROLL for (int i = 0; i < kRows; ++i) UNROLL for (int j = 0; j < kColumns; ++j)
          multiply_add(sums_[i][j], rows[i], columns[j / 2][j % 2 * 2], columns[j / 2][j % 2 * 2 + 1]);
    }
  }

  template <class F>
  __device__ __forceinline__ void for_each(F&& f) const {
    const int g = lane_ / 4, t = lane_ % 4;
    UNROLL for (int i = 0; i < kRows; ++i) UNROLL for (int half = 0; half < 2; ++half)
        UNROLL for (int j = 0; j < kColumns; j += pack / 2) {
      Pack<float, pack> values;
      UNROLL for (int e = 0; e < pack; ++e) values[e] = sums_[i][j + e / 2][half * 2 + e % 2];
      f(row_ + i * 16 + half * 8 + g, column_ + j * 8 + pack * t, values);
    }
  }

  __device__ __forceinline__ int share() const { return row_ / Tile::warp_m * sharing + lane_ / 4; }

  template <class F>
  __device__ __forceinline__ void for_each_column(F&& f) const {
    UNROLL for (int j = 0; j < kColumns; j += pack / 2) UNROLL for (int e = 0; e < pack; ++e) {
      float values[rows_of_thread];
      UNROLL for (int i = 0; i < rows_of_thread; ++i) values[i] = sums_[i / 2][j + e / 2][i % 2 * 2 + e % 2];
      f(column_ + j * 8 + pack * (lane_ % 4) + e, values);
    }
  }

 private:
  static constexpr int kRows = Tile::warp_m / 16, kColumns = Tile::warp_n / 8;  // in instructions

  // A's rows [16 i, 16 i + 16) of the warp and chunks 2 pair, 2 pair + 1 of the stage.
  __device__ __forceinline__ void load_rows(std::uint32_t (&registers)[4], const Element* a, int i, int pair) const {
    if constexpr (Tile::contiguous == Contiguous::depth) {
      ptx::ldmatrix_x4(registers, a + place_in_tile<Tile, 4>(row_ + i * 16 + lane_ % 16, pair * 2 + lane_ / 16));
    } else if constexpr (Tile::chunk == 8) {
      const int depth = pair * 16 + lane_ / 16 * 8 + lane_ % 8, chunk = (row_ + i * 16) / 8 + lane_ / 8 % 2;
      ptx::ldmatrix_x4_trans(registers, a + place_in_tile<Tile, Tile::m / 8>(depth, chunk));
    } else {
      UNROLL for (int e = 0; e < 4; ++e) registers[e] =
          word<Tile::m>(a, pair * 8 + e / 2 * 4 + lane_ % 4, row_ + i * 16 + e % 2 * 8 + lane_ / 4);
    }
    round(registers);
  }

  // B's columns [16 j, 16 j + 16) of the warp: words 0, 1 for one instruction, 2, 3 for the next.
  __device__ __forceinline__ void load_columns(std::uint32_t (&registers)[4], const Element* b, int j, int pair) const {
    const int matrix = lane_ / 8, line = lane_ % 8;
    if constexpr (Tile::contiguous == Contiguous::depth) {
      const int column = column_ + j * 16 + line / 2 * 4 + line % 2 + matrix / 2 * 2;
      ptx::ldmatrix_x4(registers, b + place_in_tile<Tile, 4>(column, pair * 2 + matrix % 2));
    } else if constexpr (Tile::chunk == 8) {
      const int depth = pair * 16 + matrix % 2 * 8 + line, chunk = (column_ + j * 16) / 8 + matrix / 2;
      ptx::ldmatrix_x4_trans(registers, b + place_in_tile<Tile, Tile::n / 8>(depth, chunk));
    } else {
      UNROLL for (int e = 0; e < 4; ++e) registers[e] =
          word<Tile::n>(b, pair * 8 + e % 2 * 4 + lane_ % 4, column_ + j * 16 + e / 2 * 8 + lane_ / 4);
    }
    round(registers);
  }

  template <int extent>
  __device__ __forceinline__ static std::uint32_t word(const Element* tile, int depth, int index) {
    return std::bit_cast<std::uint32_t>(tile[place_in_tile<Tile, extent / 4>(depth, index / 4) + index % 4]);
  }

  __device__ __forceinline__ static void round(std::uint32_t (&registers)[4]) {
    if constexpr (Tile::chunk == 4) UNROLL for (int e = 0; e < 4; ++e) registers[e] = ptx::to_tf32(registers[e]);
  }

  __device__ __forceinline__ static void multiply_add(float (&sums)[4], const std::uint32_t (&rows)[4],
                                                      std::uint32_t low, std::uint32_t high) {
    if constexpr (Tile::chunk == 8)
      ptx::mma_m16n8k16(sums, rows, low, high);
    else
      ptx::mma_m16n8k8_tf32(sums, rows, low, high);
  }

  const int lane_, row_, column_;
  float sums_[kRows][kColumns][4] = {};
};

// By fused multiply-adds: a warp's lanes are 4 rows of 8; a lane has a block of up to 8x8 sums.
template <class Tile>
requires std::is_same_v<typename Tile::Arithmetic, Fp32Products>
class GemmProducts<Tile> {
 public:
  static constexpr int pack = Tile::contiguous == Contiguous::depth ? 1 : std::min(4, Tile::warp_n / 8);
  static constexpr int sharing = 4, rows_of_thread = Tile::warp_m / sharing;

  __device__ __forceinline__ GemmProducts()
      : row_(static_cast<int>(threadIdx.x) / 32 / (Tile::n / Tile::warp_n) * Tile::warp_m),
        column_(static_cast<int>(threadIdx.x) / 32 % (Tile::n / Tile::warp_n) * Tile::warp_n),
        down_(static_cast<int>(threadIdx.x) % 32 / 8),
        across_(static_cast<int>(threadIdx.x) % 8) {}

  __device__ __forceinline__ void accumulate(const float* a, const float* b) {
    if constexpr (Tile::contiguous == Contiguous::depth) {
      // Two of the depth at a time: more would hold too many registers.
      ROLLED for (int depth = 0; depth < Tile::depth; depth += 2) {
        Pack<float, 2> columns[kColumns];
        UNROLL for (int j = 0; j < kColumns; ++j) columns[j] = at<4, 2>(b, column(j), depth);
        UNROLL for (int i = 0; i < kRows; ++i) {
          const auto along = at<4, 2>(a, row(i), depth);
          UNROLL for (int e = 0; e < 2; ++e) UNROLL for (int j = 0; j < kColumns; ++j) sums_[i][j] +=
              along[e] * columns[j][e];
        }
      }
    } else {
      UNROLL for (int depth = 0; depth < Tile::depth; ++depth) {
        Pack<float, kRowPack> rows[kRows / kRowPack];
        Pack<float, pack> columns[kColumns / pack];
        UNROLL for (int i = 0; i < kRows; i += kRowPack) rows[i / kRowPack] =
            at<Tile::m / 4, kRowPack>(a, depth, row(i));
        UNROLL for (int j = 0; j < kColumns; j += pack) columns[j / pack] = at<Tile::n / 4, pack>(b, depth, column(j));
        UNROLL for (int i = 0; i < kRows; ++i) UNROLL for (int j = 0; j < kColumns; ++j) sums_[i][j] +=
            rows[i / kRowPack][i % kRowPack] * columns[j / pack][j % pack];
      }
    }
  }

  template <class F>
  __device__ __forceinline__ void for_each(F&& f) const {
    UNROLL for (int i = 0; i < kRows; ++i) UNROLL for (int j = 0; j < kColumns; j += pack) {
      Pack<float, pack> values;
      UNROLL for (int e = 0; e < pack; ++e) values[e] = sums_[i][j + e];
      f(row(i), column(j), values);
    }
  }

  __device__ __forceinline__ int share() const { return row_ / Tile::warp_m * sharing + down_; }

  template <class F>
  __device__ __forceinline__ void for_each_column(F&& f) const {
    static_assert(kRowPack == 1);
    UNROLL for (int j = 0; j < kColumns; ++j) {
      float values[rows_of_thread];
      UNROLL for (int i = 0; i < rows_of_thread; ++i) values[i] = sums_[i][j];
      f(column(j), values);
    }
  }

 private:
  static constexpr int kRows = Tile::warp_m / 4, kColumns = Tile::warp_n / 8;
  static constexpr int kRowPack = Tile::contiguous == Contiguous::depth ? 1 : 4;

  // Lanes side by side take neighbouring packs.
  __device__ __forceinline__ int row(int i) const {
    return row_ + (i / kRowPack * 4 + down_) * kRowPack + i % kRowPack;
  }
  __device__ __forceinline__ int column(int j) const { return column_ + (j / pack * 8 + across_) * pack + j % pack; }

  template <int chunks, int count>
  __device__ __forceinline__ static Pack<float, count> at(const float* tile, int row, int index) {
    return *reinterpret_cast<const Pack<float, count>*>(tile + place_in_tile<Tile, chunks>(row, index / 4) + index % 4);
  }

  const int row_, column_, down_, across_;
  float sums_[kRows][kColumns] = {};
};

}  // namespace sluice::kernels::cuda
