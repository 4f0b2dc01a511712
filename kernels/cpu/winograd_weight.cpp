// SPDX-License-Identifier: Apache-2.0
// dweight = G' [ sum over tiles of (A dy A') . (B' x B) ] G: the transpose of Winograd's forward in the weights.
//
// Work is cut into jobs of at most 64 by 64 channels and a chunk of the tiles, whose 36 sums stay in a core's cache
// from the first tile to the last. The transforms of a tile are made anew for each block of channels that they meet,
// which is cheaper than to keep them.
#include <algorithm>

#include <sluice/base/instantiate.h>
#include <sluice/base/parallel.h>
#include <sluice/kernels/cpu/winograd_transform.h>

namespace sluice::kernels::cpu {
namespace {

using namespace winograd;

constexpr std::int64_t kBlock = 64;  // channels on each side of a job
constexpr std::int64_t kTiles = 32;  // tiles whose transforms are held at once

struct Jobs {
  std::int64_t out_blocks, in_blocks, chunks;  // chunks of tiles, a function of the shape: sums keep their order

  explicit Jobs(const WinogradShape& shape)
      : out_blocks(ceil_div(shape.out_channels, kBlock)), in_blocks(ceil_div(shape.in_channels, kBlock)) {
    // Enough jobs for the threads there may be; not so many that their last transforms count.
    constexpr std::int64_t wanted = 32, tiles_a_chunk = 64;
    const std::int64_t most = std::max<std::int64_t>(1, forward_tiling(shape).count() / tiles_a_chunk);
    chunks = std::clamp<std::int64_t>(wanted / (out_blocks * in_blocks), 1, most);
  }
  std::int64_t count() const { return chunks * out_blocks * in_blocks; }
};

// Of one thread. Points are not a power of two apart, lest they share cache sets.
constexpr std::int64_t kSumStride = kBlock * kBlock + 16, kTransformStride = kTiles * kBlock + 16;
struct Workspace {
  float* sums;      // [point][k][c]
  float* input;     // [point][c / panel][tile][panel]
  float* gradient;  // [point][k / 16][tile][16]
  static constexpr std::int64_t floats = kPoints * (kSumStride + 2 * kTransformStride);

  explicit Workspace(float* memory)
      : sums(memory), input(sums + kPoints * kSumStride), gradient(input + kPoints * kTransformStride) {}
};

// sums [rows, vectors*16] (+)= sum over tiles of gradient[t][row] * input[t][column].
template <int rows, int vectors>
void accumulate_tile(std::int64_t tiles, const float* gradient, const float* input, float* sums,
                     std::int64_t sum_stride, Accumulate accumulate) {
  Vector sum[rows][vectors];
#pragma GCC unroll 16
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j)
      sum[i][j] = accumulate == Accumulate::yes ? load(sums + i * sum_stride + j * kVectorWidth) : Vector{};
  for (std::int64_t t = 0; t < tiles; ++t) {
    Vector right[vectors];
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) {
      right[j] = load(input + (t * vectors + j) * kVectorWidth);
      keep_in_register(right[j]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < rows; ++i) {
      const Vector left = broadcast(gradient[t * kVectorWidth + i]);
#pragma GCC unroll 4
      for (int j = 0; j < vectors; ++j) sum[i][j] += left * right[j];
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) store(sums + i * sum_stride + j * kVectorWidth, sum[i][j]);
}

template <int vectors>
void accumulate_points(std::int64_t tiles, std::int64_t k_count, std::int64_t c_count, const Workspace& workspace,
                       Accumulate accumulate, const Foreseen& next_x, const Foreseen& next_dy) {
  constexpr int rows = 16 / vectors;
  constexpr std::int64_t panel = vectors * kVectorWidth;
  for (std::int64_t point = 0; point < kPoints; ++point) {
    prefetch<Access::read>(next_x, point, kPoints);
    prefetch<Access::read>(next_dy, point, kPoints);
    for (std::int64_t c = 0; c < c_count; c += panel)
      for (std::int64_t k = 0; k < k_count; k += kVectorWidth)
        for (std::int64_t i = 0; i < kVectorWidth; i += rows)
          accumulate_tile<rows, vectors>(tiles, workspace.gradient + point * kTransformStride + k * kTiles + i,
                                         workspace.input + point * kTransformStride + c * kTiles,
                                         workspace.sums + point * kSumStride + (k + i) * c_count + c, c_count,
                                         accumulate);
  }
}

// dweight [.,3,3,C] at the job's first channels = G' sums G.
void transform_sums(const float* sums, std::int64_t k_count, std::int64_t c_count, std::int64_t in_channels,
                    float* dweight) {
  for (std::int64_t k = 0; k < k_count; ++k) {
    for (std::int64_t c = 0; c < c_count; c += kVectorWidth) {
      Vector half[3 * 6];
#pragma GCC unroll 6
      for (int j = 0; j < 6; ++j) {
        Vector column[6];
#pragma GCC unroll 6
        for (int i = 0; i < 6; ++i) column[i] = load(sums + (i * 6 + j) * kSumStride + k * c_count + c);
        transform_weight_gradient(column, 1, half + j, 6);
      }
#pragma GCC unroll 3
      for (int r = 0; r < 3; ++r) {
        Vector row[3];
        transform_weight_gradient(half + r * 6, 1, row, 1);
#pragma GCC unroll 3
        for (int s = 0; s < 3; ++s) store(dweight + ((k * 3 + r) * 3 + s) * in_channels + c, row[s]);
      }
    }
  }
}

template <class T>
void transform_tiles(const Tiling& tiling, std::int64_t first, std::int64_t tiles, const T* x, const T* dy,
                     std::int64_t first_c, std::int64_t c_count, std::int64_t first_k, std::int64_t k_count,
                     std::int64_t out_channels, std::int64_t panel, const T* zeros, const Workspace& workspace) {
  for (std::int64_t t = 0; t < tiles; ++t) {
    const Square<6, T> input = input_of(tiling, first + t, x, zeros);
    for (std::int64_t c = 0; c < c_count; c += panel)
      for (std::int64_t lane = 0; lane < panel; lane += kVectorWidth)
        transform_input_tile(input, first_c + c + lane, workspace.input + c * kTiles + t * panel + lane,
                             kTransformStride);
    const Square<4, T> gradient = results_of(tiling, first + t, dy, out_channels, zeros);
    for (std::int64_t k = 0; k < k_count; k += kVectorWidth)
      transform_gradient_tile(gradient, first_k + k, workspace.gradient + k * kTiles + t * kVectorWidth,
                              kTransformStride);
  }
}

std::int64_t zeros_for(const WinogradShape& shape) {
  return std::max(shape.width * shape.in_channels, shape.out_width() * shape.out_channels);
}

// dweight [weights] = sums over the chunks of partial [chunks,weights], in their order.
void add_chunks(std::int64_t chunks, std::int64_t weights, std::int64_t begin, std::int64_t end, const float* partial,
                float* dweight) {
  std::copy(partial + begin, partial + end, dweight + begin);
  for (std::int64_t chunk = 1; chunk < chunks; ++chunk)
    for (std::int64_t i = begin; i < end; ++i) dweight[i] += partial[chunk * weights + i];
}

}  // namespace

std::size_t winograd_backward_weight_scratch_bytes(const WinogradShape& shape) {
  const Jobs jobs(shape);
  const std::int64_t partial = jobs.chunks == 1 ? 0 : jobs.chunks * 9 * shape.in_channels * shape.out_channels;
  return static_cast<std::size_t>(zeros_for(shape) + partial + threads() * Workspace::floats) * sizeof(float);
}

template <class T>
void winograd_backward_weight(const WinogradShape& shape, const T* x, const T* dy, float* dweight, void* scratch) {
  const std::int64_t in_channels = shape.in_channels, out_channels = shape.out_channels;
  const Tiling tiling = forward_tiling(shape);
  const Jobs jobs(shape);
  const std::int64_t weights = 9 * in_channels * out_channels, all_tiles = tiling.count();
  const std::int64_t x_pixels = shape.batch * shape.height * shape.width;
  const std::int64_t dy_pixels = shape.batch * shape.out_height() * shape.out_width();
  Cutter cutter{static_cast<float*>(scratch)};
  const T* zeros = cutter.take_zeros<T>(zeros_for(shape));
  float* partial = jobs.chunks == 1 ? dweight : cutter.take(jobs.chunks * weights);
  const int vectors = vectors_for(in_channels);
  const auto accumulate = vectors == 4   ? accumulate_points<4>
                          : vectors == 2 ? accumulate_points<2>
                                         : accumulate_points<1>;
#pragma omp parallel num_threads(static_cast <int>(threads()))
  {
    const Workspace workspace(cutter.at + thread_index() * Workspace::floats);
#pragma omp for schedule(dynamic, 1)
    for (std::int64_t job = 0; job < jobs.count(); ++job) {
      const std::int64_t first_c = job % jobs.in_blocks * kBlock;
      const std::int64_t first_k = job / jobs.in_blocks % jobs.out_blocks * kBlock;
      const std::int64_t chunk = job / (jobs.in_blocks * jobs.out_blocks);
      const std::int64_t c_count = std::min(kBlock, in_channels - first_c);
      const std::int64_t k_count = std::min(kBlock, out_channels - first_k);
      const std::int64_t begin = all_tiles * chunk / jobs.chunks, end = all_tiles * (chunk + 1) / jobs.chunks;
      for (std::int64_t first = begin; first < end; first += kTiles) {
        const std::int64_t tiles = std::min(kTiles, end - first);
        transform_tiles(tiling, first, tiles, x, dy, first_c, c_count, first_k, k_count, out_channels,
                        vectors * kVectorWidth, zeros, workspace);
        const std::int64_t next = first + tiles, last = std::min(next + kTiles, end);
        accumulate(tiles, k_count, c_count, workspace, first == begin ? Accumulate::no : Accumulate::yes,
                   Foreseen::part(x, x_pixels, in_channels, first_c, c_count, next, last, all_tiles),
                   Foreseen::part(dy, dy_pixels, out_channels, first_k, k_count, next, last, all_tiles));
      }
      transform_sums(workspace.sums, k_count, c_count, in_channels,
                     partial + chunk * weights + first_k * 9 * in_channels + first_c);
    }
  }
  if (jobs.chunks == 1) return;
  parallel_for(weights, 4096, [=, chunks = jobs.chunks](std::int64_t begin, std::int64_t end) {
    add_chunks(chunks, weights, begin, end, partial, dweight);
  });
}

[[gnu::used]] constexpr auto kInstances =
    instantiate(Types<float, BFloat16>{}, []<class T>(Type<T>) { return std::tuple(&winograd_backward_weight<T>); });

}  // namespace sluice::kernels::cpu
