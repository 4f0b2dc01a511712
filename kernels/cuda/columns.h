// SPDX-License-Identifier: Apache-2.0
// Work over the columns of a matrix [rows, columns] in memory order, as batch normalisation has it: a thread keeps its
// columns, `width` neighbours, and walks down rows of its run, so that what belongs to a column stays in registers.
//
//   for_columns   something for each element
//   sum_columns   two sums a column, over each run in a fixed order; finish_columns adds the runs up
//
// A body is a struct with
//   begin<width>(column)              what it keeps of a thread's columns, "state"
//   load<width>(index, row)           what it reads at elements [index, index + width) of a row, apart so that loads of
//                                     several rows are on their way together
//   store(state, loaded, index)       for_columns: writes
//   add(state, loaded, index, sums)   sum_columns: adds to sums.first and sums.second, float [width] each
#pragma once

#include <sluice/kernels/cuda/packs.h>
#include <sluice/kernels/cuda/reduce.h>

namespace sluice::kernels::cuda {

inline constexpr int kColumnThreads = 256;
inline constexpr int kRowsAtOnce = 4;
// Eight blocks a multiprocessor of an H100, whatever the device: the sums' order depends on it.
inline constexpr std::int64_t kMostColumnBlocks = 132 * 8;

struct ColumnTiling {
  std::int64_t rows, columns;
  int across;        // threads of a block side by side along the columns, a power of two up to 32; the others below
  std::int64_t run;  // rows of a block
  unsigned tiles, runs;

  // At most `most_blocks` blocks, as long as one for each tile is not more.
  ColumnTiling(std::int64_t rows_, std::int64_t columns_, int width, std::int64_t most_blocks)
      : rows(rows_), columns(columns_), across(1) {
    const std::int64_t packs = columns / width;
    while (across < packs && across < 32) across *= 2;
    tiles = blocks_for(packs, across);
    const std::int64_t step = std::int64_t{kColumnThreads / across} * kRowsAtOnce;
    const std::int64_t wanted = std::clamp<std::int64_t>(most_blocks / tiles, 1, 65535);
    const std::int64_t steps = std::max<std::int64_t>(1, (rows + step - 1) / step);
    run = (steps + wanted - 1) / wanted * step;
    runs = blocks_for(rows, run);
  }
  dim3 grid() const { return dim3(tiles, runs); }
};

// Calls run(std::integral_constant of the width): 16 bytes of T where all rows can be cut and moved so, else one
// element.
template <class T, class Run, class... Pointers>
void with_column_width(std::int64_t columns, const Run& run, const Pointers*... pointers) {
  constexpr int width = static_cast<int>(16 / sizeof(T));
  if (columns % width == 0 && all_aligned(16, pointers...))
    run(std::integral_constant<int, width>{});
  else
    run(std::integral_constant<int, 1>{});
}

// Where a thread stands.
struct ColumnPlace {
  int below;  // of the threads that share its columns
  int step;   // their number
  std::int64_t column, begin, end;

  template <int width>
  static __device__ __forceinline__ ColumnPlace of(const ColumnTiling& t) {
    const int x = static_cast<int>(threadIdx.x) & (t.across - 1), y = static_cast<int>(threadIdx.x) / t.across;
    const std::int64_t begin = blockIdx.y * t.run;
    return {.below = y,
            .step = kColumnThreads / t.across,
            .column = (std::int64_t{blockIdx.x} * t.across + x) * width,
            .begin = begin + y,
            .end = min(begin + t.run, t.rows)};
  }
};

// visit(loaded, index) for the rows of a thread.
template <int width, class Body, class Visit>
__device__ __forceinline__ void for_rows(const ColumnTiling& t, const ColumnPlace& place, const Body& body,
                                         const Visit& visit) {
  using Loaded = decltype(body.template load<width>(0, 0));
  const auto index_of = [&](std::int64_t row) { return row * t.columns + place.column; };
  std::int64_t row = place.begin;
  for (; row + (kRowsAtOnce - 1) * place.step < place.end; row += kRowsAtOnce * place.step) {
    Loaded loaded[kRowsAtOnce];
    UNROLL for (int i = 0; i < kRowsAtOnce; ++i) loaded[i] =
        body.template load<width>(index_of(row + i * place.step), row + i * place.step);
    UNROLL for (int i = 0; i < kRowsAtOnce; ++i) visit(loaded[i], index_of(row + i * place.step));
  }
  for (; row < place.end; row += place.step) visit(body.template load<width>(index_of(row), row), index_of(row));
}

template <int width, class Body>
__global__ void __launch_bounds__(kColumnThreads) for_columns_kernel(ColumnTiling t, Body body) {
  const ColumnPlace place = ColumnPlace::of<width>(t);
  if (place.column >= t.columns) return;
  const auto state = body.template begin<width>(place.column);
  for_rows<width>(t, place, body,
                  [&](const auto& loaded, std::int64_t index) { body.template store<width>(state, loaded, index); });
}

template <int width>
struct ColumnSums {
  float first[width], second[width];
};

// sums [2, runs, columns]
template <int width, class Body>
__global__ void __launch_bounds__(kColumnThreads) sum_columns_kernel(ColumnTiling t, Body body, float* sums) {
  SHARED(partial, float[2 * width][kColumnThreads]);
  const ColumnPlace place = ColumnPlace::of<width>(t);
  ColumnSums<width> own{};
  if (place.column < t.columns) {
    const auto state = body.template begin<width>(place.column);
    for_rows<width>(t, place, body, [&](const auto& loaded, std::int64_t index) {
      body.template add<width>(state, loaded, index, own);
    });
  }
  UNROLL for (int i = 0; i < width; ++i) {
    partial[i][threadIdx.x] = own.first[i];
    partial[width + i][threadIdx.x] = own.second[i];
  }
  for (int half = place.step / 2; half > 0; half /= 2) {
    __syncthreads();
    if (place.below < half)
      UNROLL for (int i = 0; i < 2 * width; ++i) partial[i][threadIdx.x] +=
          partial[i][static_cast<int>(threadIdx.x) + half * t.across];
  }
  if (place.below > 0 || place.column >= t.columns) return;
  Pack<float, width> first, second;
  UNROLL for (int i = 0; i < width; ++i) {
    first[i] = partial[i][threadIdx.x];
    second[i] = partial[width + i][threadIdx.x];
  }
  UNROLL for (int i = 0; i < width; ++i) {
    sums[blockIdx.y * t.columns + place.column + i] = first[i];
    sums[(gridDim.y + std::int64_t{blockIdx.y}) * t.columns + place.column + i] = second[i];
  }
}

inline std::size_t sum_columns_scratch_bytes(const ColumnTiling& t) {
  return static_cast<std::size_t>(2 * t.runs * t.columns) * sizeof(float);
}

// For whichever width with_column_width chooses.
template <class T>
std::size_t most_sum_columns_scratch_bytes(std::int64_t rows, std::int64_t columns, std::int64_t most_blocks) {
  constexpr int width = static_cast<int>(16 / sizeof(T));
  const std::size_t narrow = sum_columns_scratch_bytes(ColumnTiling(rows, columns, 1, most_blocks));
  if (columns % width != 0) return narrow;
  return std::max(narrow, sum_columns_scratch_bytes(ColumnTiling(rows, columns, width, most_blocks)));
}

struct ColumnTotals {
  double first, second;
};

// finish.part(run, column, first, second) gives what a run adds to the two totals of a column, in double;
// finish(column, totals) takes them. Eight columns a block, a sector of what is read, with 64 threads each: of
// thousands of runs, which a convolution's tiles are, a thread waits for few.
inline constexpr int kFinishColumns = 8, kFinishShares = 64;
template <class Finish>
__global__ void __launch_bounds__(kFinishColumns* kFinishShares)
    finish_columns_kernel(std::int64_t columns, std::int64_t runs, const float* sums, Finish finish) {
  SHARED(shares, ColumnTotals[kFinishShares][kFinishColumns]);
  const int x = static_cast<int>(threadIdx.x) % kFinishColumns, y = static_cast<int>(threadIdx.x) / kFinishColumns;
  const std::int64_t column = std::int64_t{blockIdx.x} * kFinishColumns + x;
  ColumnTotals total{0, 0};
  if (column < columns)
    for (std::int64_t run = y; run < runs; run += kFinishShares) {
      const ColumnTotals part =
          finish.part(run, column, sums[run * columns + column], sums[(runs + run) * columns + column]);
      total.first += part.first;
      total.second += part.second;
    }
  shares[y][x] = total;
  UNROLL for (int half = kFinishShares / 2; half > 0; half /= 2) {
    __syncthreads();
    if (y >= half) continue;
    shares[y][x].first += shares[y + half][x].first;
    shares[y][x].second += shares[y + half][x].second;
  }
  if (y == 0 && column < columns) finish(column, shares[0][x]);
}

template <class Finish>
void finish_columns(const Exec& exec, const char* name, std::int64_t columns, std::int64_t runs, const float* sums,
                    const Finish& finish) {
  launch(exec, {name, blocks_for(columns, kFinishColumns), kFinishColumns * kFinishShares},
         finish_columns_kernel<Finish>, columns, runs, sums, finish);
}

}  // namespace sluice::kernels::cuda
