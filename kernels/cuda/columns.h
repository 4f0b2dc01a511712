// SPDX-License-Identifier: Apache-2.0
// Work on x [rows, columns] whose parameters are one a column, such as batch norm's. A thread keeps to `width`
// neighbouring columns, 16 bytes of a row where the columns allow it, and walks down a run of rows; a block is `across`
// threads wide and kColumnThreads / across rows high. Reductions leave one partial a run and column, which a second
// launch merges: two stages, in a fixed order.
#pragma once

#include <algorithm>

#include "kernels/cuda/reduce.h"

namespace sluice::kernels::cuda {

inline constexpr int kColumnThreads = 256;

struct ColumnWalk {
  std::int64_t rows, columns;
  std::int64_t rows_of_run;
  int across;  // threads along the columns, a power of 2 up to 32

  int down() const { return kColumnThreads / across; }
  std::int64_t runs() const { return std::max<std::int64_t>(1, (rows + rows_of_run - 1) / rows_of_run); }

  static ColumnWalk make(std::int64_t rows, std::int64_t columns, int width) {
    ColumnWalk walk{.rows = rows, .columns = columns, .rows_of_run = 1, .across = 1};
    while (walk.across < 32 && walk.across * width < columns) walk.across *= 2;
    const std::int64_t tiles = walk.tiles(width);
    constexpr std::int64_t blocks_wanted = 132 * 8, rows_of_thread = 8;
    const std::int64_t runs = std::clamp<std::int64_t>(rows / (walk.down() * rows_of_thread), 1,
                                                       std::max<std::int64_t>(1, blocks_wanted / tiles));
    walk.rows_of_run = std::max<std::int64_t>(1, (rows + runs - 1) / runs);
    return walk;
  }
  std::int64_t tiles(int width) const { return (columns + across * width - 1) / (across * width); }
  dim3 grid(int width) const { return dim3(static_cast<unsigned>(tiles(width)), static_cast<unsigned>(runs())); }
};

// Calls f(row, offset of the pack in x) for the rows of this thread, top down; `column` is the first of its columns.
template <class F>
__device__ __forceinline__ void for_each_row(const ColumnWalk& walk, std::int64_t column, F&& f) {
  const std::int64_t begin = std::int64_t{blockIdx.y} * walk.rows_of_run;
  const std::int64_t end = min(begin + walk.rows_of_run, walk.rows);
  const int y = static_cast<int>(threadIdx.x) / walk.across, down = kColumnThreads / walk.across;
  for (std::int64_t row = begin + y; row < end; row += down) f(row, row * walk.columns + column);
}

__device__ __forceinline__ std::int64_t column_of_thread(const ColumnWalk& walk, int width) {
  return (std::int64_t{blockIdx.x} * walk.across + static_cast<int>(threadIdx.x) % walk.across) * width;
}

// partials [runs, columns] of Rule::State, where
//   Rule::template Columns<width>(rule, column) holds what a thread needs of its columns, and its
//   add(State (&)[width], row, offset) takes in the pack of x at `offset`;
//   State::merge(a, b) joins two, a the earlier.
template <int width, class Rule>
__global__ void __launch_bounds__(kColumnThreads)
    column_reduce_kernel(ColumnWalk walk, Rule rule, typename Rule::State* partials) {
  using State = typename Rule::State;
  SHARED(states, State[width][kColumnThreads]);
  const int thread = static_cast<int>(threadIdx.x);
  const std::int64_t column = column_of_thread(walk, width);
  State state[width] = {};
  if (column < walk.columns) {
    const typename Rule::template Columns<width> columns(rule, column);
    for_each_row(walk, column, [&](std::int64_t row, std::int64_t offset) { columns.add(state, row, offset); });
  }
  UNROLL for (int i = 0; i < width; ++i) states[i][thread] = state[i];
  __syncthreads();
  const int y = thread / walk.across;
  for (int half = kColumnThreads / walk.across / 2; half > 0; half /= 2) {
    if (y < half)
      UNROLL for (int i = 0; i < width; ++i) states[i][thread] =
          State::merge(states[i][thread], states[i][thread + half * walk.across]);
    __syncthreads();
  }
  if (y == 0 && column < walk.columns)
    UNROLL for (int i = 0; i < width; ++i) partials[blockIdx.y * walk.columns + column + i] = states[i][thread];
}

// A warp a column: merges the column's partials and hands them to finish(column, state).
template <class State, class Finish>
__global__ void __launch_bounds__(kColumnThreads)
    column_finish_kernel(std::int64_t runs, std::int64_t columns, const State* partials, Finish finish) {
  const int lane = static_cast<int>(threadIdx.x) % 32;
  const std::int64_t column = (std::int64_t{blockIdx.x} * kColumnThreads + threadIdx.x) / 32;
  if (column >= columns) return;
  State state{};
  for (std::int64_t run = lane; run < runs; run += 32) state = State::merge(state, partials[run * columns + column]);
  UNROLL for (int distance = 1; distance < 32; distance *= 2) state = State::merge(state, state.from_lane(distance));
  if (lane == 0) finish(column, state);
}

// f(width): 16 bytes of T where the columns come in so many, else 1.
template <class T, class F>
void with_width(std::int64_t columns, F&& f) {
  constexpr int widest = 16 / static_cast<int>(sizeof(T));
  if (columns % widest == 0)
    f(std::integral_constant<int, widest>{});
  else
    f(std::integral_constant<int, 1>{});
}

template <class State>
std::size_t column_reduce_scratch_bytes(std::int64_t rows, std::int64_t columns, int width) {
  return static_cast<std::size_t>(ColumnWalk::make(rows, columns, width).runs() * columns) * sizeof(State);
}

template <int width, class Rule, class Finish>
void column_reduce(const Exec& exec, const char* name, std::int64_t rows, std::int64_t columns, const Rule& rule,
                   const Finish& finish, void* scratch) {
  using State = typename Rule::State;
  const ColumnWalk walk = ColumnWalk::make(rows, columns, width);
  auto* partials = static_cast<State*>(scratch);
  launch(exec, {name, walk.grid(width), kColumnThreads}, column_reduce_kernel<width, Rule>, walk, rule, partials);
  launch(exec, {name, blocks_for(columns * 32, kColumnThreads), kColumnThreads}, column_finish_kernel<State, Finish>,
         walk.runs(), columns, static_cast<const State*>(partials), finish);
}

}  // namespace sluice::kernels::cuda
