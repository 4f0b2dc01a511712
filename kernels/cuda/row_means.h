// SPDX-License-Identifier: Apache-2.0
// Weighted sums over rows in a fixed order, in double: each thread its rows, then the block, then the blocks in order.
// One block serves up to kOneBlock elements, in one launch; more leave a partial sum each in scratch, for a second.
#pragma once

#include <sluice/kernels/cuda/rows.h>

namespace sluice::kernels::cuda {

// Elements of logits that one multiprocessor reads in less time than a second launch takes.
inline constexpr std::int64_t kOneBlock = 64 * 1024;
inline constexpr unsigned kMostRowBlocks = 256;
// A block of more has too few registers for some rows.
inline constexpr int kMeanThreads = 512;

struct RowGrid {
  unsigned blocks, threads;

  // One block has up to `most_threads`.
  RowGrid(std::int64_t rows, std::int64_t classes, int lanes, std::int64_t most_threads) {
    if (rows * classes <= kOneBlock) {
      blocks = 1;
      threads = static_cast<unsigned>(std::clamp<std::int64_t>((rows * lanes + 31) / 32 * 32, 32, most_threads));
    } else {
      threads = kRowThreads;
      blocks = blocks_for(rows * lanes, threads, 1, kMostRowBlocks);
    }
  }
};

inline std::size_t row_means_scratch_bytes(std::int64_t rows, std::int64_t classes) {
  return rows * classes <= kOneBlock ? 0 : kMostRowBlocks * sizeof(WeightedSum);
}

// The sum of `count` partial sums; every thread receives it.
__device__ __forceinline__ WeightedSum sum_of_partials(const WeightedSum* partials, unsigned count) {
  WeightedSum own;
  for (unsigned i = threadIdx.x; i < count; i += blockDim.x) {
    own.sum += partials[i].sum;
    own.weights += partials[i].weights;
  }
  return block_sum(own);
}

// `row(Row, i, live)`, a WeightedSum, is what row i adds, asked of all its lanes, counted once; `finish(total)` is
// called by one thread.
template <class T, int lanes, int kept, class Body>
__global__ void __launch_bounds__(kMeanThreads)
    row_means_kernel(std::int64_t rows, std::int64_t classes, const T* logits, Body body, WeightedSum* partials) {
  WeightedSum own;
  for_rows<lanes>(rows, [&](std::int64_t i, bool live) {
    const Row<T, lanes, kept> row(logits + i * classes, live ? classes : 0);
    const WeightedSum part = body.row(row, i, live);
    if (!live || row.lane() != 0) return;
    own.sum += part.sum;
    own.weights += part.weights;
  });
  const WeightedSum total = block_sum(own);
  if (threadIdx.x != 0) return;
  if (gridDim.x == 1)
    body.finish(total);
  else
    partials[blockIdx.x] = total;
}

template <class Body>
__global__ void __launch_bounds__(kMostRowBlocks)
    row_means_finish_kernel(unsigned count, const WeightedSum* partials, Body body) {
  const WeightedSum total = sum_of_partials(partials, count);
  if (threadIdx.x == 0) body.finish(total);
}

template <class T, class Body>
void row_means(const Exec& exec, const char* name, std::int64_t rows, std::int64_t classes, const T* logits,
               const Body& body, void* scratch) {
  with_row_shape(classes, [&]<int lanes, int kept>() {
    const RowGrid grid(rows, classes, lanes, kMeanThreads);
    auto* partials = static_cast<WeightedSum*>(scratch);
    launch(exec, {name, grid.blocks, grid.threads}, row_means_kernel<T, lanes, kept, Body>, rows, classes, logits, body,
           partials);
    if (grid.blocks > 1)
      launch(exec, {name, 1, kMostRowBlocks}, row_means_finish_kernel<Body>, grid.blocks, partials, body);
  });
}

}  // namespace sluice::kernels::cuda
