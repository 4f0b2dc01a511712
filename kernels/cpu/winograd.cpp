// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/cpu/winograd.h>

#include <algorithm>
#include <cstddef>

#include <sluice/base/instantiate.h>
#include <sluice/base/parallel.h>
#include <sluice/kernels/cpu/winograd_transform.h>

namespace sluice::kernels::cpu {
namespace {

using namespace winograd;

// y = A' m A of one tile, m[point * stride + k].
template <class T>
void transform_output_tile(const Tiling& tiling, std::int64_t tile, const float* m, std::int64_t stride,
                           std::int64_t out_channels, const float* bias, T* y) {
  const Corner at = corner_of(tiling, tile);
  const std::int64_t rows = std::min(kTile, tiling.out_height - at.row),
                     columns = std::min(kTile, tiling.out_width - at.column);
  T* image = y + ((at.image * tiling.out_height + at.row) * tiling.out_width + at.column) * out_channels;
  for (std::int64_t k = 0; k < out_channels; k += kVectorWidth) {
    Vector half[4 * 6];
#pragma GCC unroll 6
    for (int j = 0; j < 6; ++j) {
      Vector column[6];
#pragma GCC unroll 6
      for (int i = 0; i < 6; ++i) column[i] = load(m + (i * 6 + j) * stride + k);
      transform_output(column, 1, half + j, 6);
    }
    const Vector offset = bias == nullptr ? Vector{} : load(bias + k);
    for (std::int64_t i = 0; i < rows; ++i) {
      Vector result[4];
      transform_output(half + i * 6, 1, result, 1);
      for (std::int64_t j = 0; j < columns; ++j)
        store(image + (i * tiling.out_width + j) * out_channels + k, result[j] + offset);
    }
  }
}

// out [rows, vectors*16] = a [rows, depth] * b [depth, vectors*16], all in registers.
template <int rows, int vectors>
void multiply_tile(std::int64_t depth, const float* a, std::int64_t a_stride, const float* b, float* out,
                   std::int64_t out_stride) {
  Vector sum[rows][vectors] = {};
  for (std::int64_t c = 0; c < depth; ++c) {
    Vector right[vectors];
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) {
      right[v] = load(b + (c * vectors + v) * kVectorWidth);
      keep_in_register(right[v]);
    }
#pragma GCC unroll 24
    for (int i = 0; i < rows; ++i) {
      const Vector left = broadcast(a[i * a_stride + c]);
#pragma GCC unroll 4
      for (int v = 0; v < vectors; ++v) sum[i][v] += left * right[v];
    }
  }
#pragma GCC unroll 24
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 4
    for (int v = 0; v < vectors; ++v) store(out + i * out_stride + v * kVectorWidth, sum[i][v]);
}

// Twenty-four accumulators of each shape fill the registers.
constexpr int rows_for(int vectors) { return 24 / vectors; }

template <int vectors>
void multiply_points(std::int64_t rows, std::int64_t depth, const float* a, std::int64_t a_stride, const float* b,
                     std::int64_t b_stride, std::int64_t columns, float* out, std::int64_t out_stride,
                     const Foreseen& next_in, const Foreseen& next_out) {
  constexpr int step = rows_for(vectors);
  constexpr std::int64_t panel = vectors * kVectorWidth;
  for (std::int64_t point = 0; point < kPoints; ++point) {
    prefetch<Access::read>(next_in, point, kPoints);
    prefetch<Access::write>(next_out, point, kPoints);
    for (std::int64_t k = 0; k < columns; k += panel)
      for (std::int64_t row = 0; row < rows; row += step)
        multiply_tile<step, vectors>(depth, a + point * a_stride + row * depth, depth, b + point * b_stride + k * depth,
                                     out + point * out_stride + row * columns + k, columns);
  }
}

// Both ways of a convolution are the same work; they differ in how the weights are laid out.
// `weights`: [point][columns / panel][depth][panel]. Points are not a power of two apart, lest they share cache sets.
std::int64_t weights_stride(std::int64_t depth, std::int64_t columns) { return depth * columns + 16; }

struct Blocks {
  std::int64_t rows;                   // tiles in a block, a multiple of the rows of a register tile
  std::int64_t in_stride, out_stride;  // floats between two points, as above
  std::size_t bytes_a_thread;
};

Blocks blocks_for(std::int64_t tiles, std::int64_t depth, std::int64_t columns) {
  constexpr std::int64_t budget = 1 << 18;
  const std::int64_t step = rows_for(vectors_for(columns));
  // Weights beyond what caches hold are read for each block: the more tiles in it, the fewer times.
  const std::int64_t least = kPoints * depth * columns > std::int64_t{1} << 22 ? 64 : 24;
  const std::int64_t wanted = std::clamp<std::int64_t>(budget / (kPoints * 4 * (depth + columns)), least, 240);
  const std::int64_t count = threads() * ceil_div(tiles, threads() * wanted);
  const std::int64_t rows = round_up(ceil_div(tiles, count), step);
  Blocks blocks{rows, rows * depth + 16, rows * columns + 16, 0};
  blocks.bytes_a_thread = static_cast<std::size_t>(kPoints * (blocks.in_stride + blocks.out_stride)) * sizeof(float);
  return blocks;
}

template <class T>
void convolve(const Tiling& tiling, const T* in, const float* weights, std::int64_t columns, const float* bias, T* out,
              const T* zeros, float* scratch) {
  const std::int64_t tiles = tiling.count(), depth = tiling.channels;
  const std::int64_t in_pixels = tiling.batch * tiling.height * tiling.width;
  const std::int64_t out_pixels = tiling.batch * tiling.out_height * tiling.out_width;
  const Blocks blocks = blocks_for(tiles, depth, columns);
  const std::int64_t count = ceil_div(tiles, blocks.rows);
  const auto multiply = vectors_for(columns) == 4   ? multiply_points<4>
                        : vectors_for(columns) == 2 ? multiply_points<2>
                                                    : multiply_points<1>;
#pragma omp parallel num_threads(static_cast <int>(threads()))
  {
    float* transformed = scratch + static_cast<std::size_t>(thread_index()) * (blocks.bytes_a_thread / sizeof(float));
    float* product = transformed + kPoints * blocks.in_stride;
#pragma omp for schedule(static)
    for (std::int64_t block = 0; block < count; ++block) {
      const std::int64_t first = block * blocks.rows, rows = std::min(blocks.rows, tiles - first), next = first + rows;
      for (std::int64_t t = 0; t < rows; ++t) {
        const Square<6, T> square = input_of(tiling, first + t, in, zeros);
        for (std::int64_t c = 0; c < depth; c += kVectorWidth)
          transform_input_tile(square, c, transformed + t * depth + c, blocks.in_stride);
      }
      const std::int64_t whole = round_up(rows, rows_for(vectors_for(columns)));
      for (std::int64_t point = 0; rows < whole && point < kPoints; ++point)
        std::fill_n(transformed + point * blocks.in_stride + rows * depth, (whole - rows) * depth, 0.0f);
      multiply(whole, depth, transformed, blocks.in_stride, weights, weights_stride(depth, columns), columns, product,
               blocks.out_stride, Foreseen::part(in, in_pixels, depth, 0, depth, next, next + blocks.rows, tiles),
               Foreseen::part(out, out_pixels, columns, 0, columns, first, next, tiles));
      for (std::int64_t t = 0; t < rows; ++t)
        transform_output_tile(tiling, first + t, product + t * columns, blocks.out_stride, columns, bias, out);
    }
  }
}

// Writes G g G' of sixteen weights into points of the given layout.
inline void store_transformed_weights(const Vector* g, float* to, std::int64_t point_stride) {
  Vector half[6 * 3];
  for (int s = 0; s < 3; ++s) transform_weight(g + s, 3, half + s, 3);
  for (int i = 0; i < 6; ++i) {
    Vector row[6];
    transform_weight(half + i * 3, 1, row, 1);
    for (int j = 0; j < 6; ++j) store(to + (i * 6 + j) * point_stride, row[j]);
  }
}

// For forward: columns are K, depth is C.
void transform_weights_forward(const WinogradShape& shape, const float* weight, float* transformed) {
  const std::int64_t depth = shape.in_channels, columns = shape.out_channels;
  const std::int64_t panel = vectors_for(columns) * kVectorWidth;
  parallel_for(columns / kVectorWidth, 1, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t block = begin; block < end; ++block) {
      const std::int64_t k = block * kVectorWidth;
      float* to = transformed + (k / panel * depth) * panel + k % panel;
      for (std::int64_t c = 0; c < depth; c += kVectorWidth) {
        Vector taps[9][kVectorWidth];
        for (int tap = 0; tap < 9; ++tap) {
          for (int lane = 0; lane < kVectorWidth; ++lane)
            taps[tap][lane] = load(weight + ((k + lane) * 9 + tap) * depth + c);
          transpose(taps[tap]);
        }
        for (int lane = 0; lane < kVectorWidth; ++lane) {
          Vector g[9];
          for (int tap = 0; tap < 9; ++tap) g[tap] = taps[tap][lane];
          store_transformed_weights(g, to + (c + lane) * panel, weights_stride(depth, columns));
        }
      }
    }
  });
}

// For backward_input: columns are C, depth is K, and the taps are turned by half a circle.
void transform_weights_backward(const WinogradShape& shape, const float* weight, float* transformed) {
  const std::int64_t depth = shape.out_channels, columns = shape.in_channels;
  const std::int64_t panel = vectors_for(columns) * kVectorWidth;
  parallel_for(depth, 1, [=](std::int64_t begin, std::int64_t end) {
    for (std::int64_t k = begin; k < end; ++k) {
      for (std::int64_t c = 0; c < columns; c += kVectorWidth) {
        Vector g[9];
        for (int tap = 0; tap < 9; ++tap) g[tap] = load(weight + (k * 9 + 8 - tap) * columns + c);
        store_transformed_weights(g, transformed + (c / panel * depth + k) * panel + c % panel,
                                  weights_stride(depth, columns));
      }
    }
  });
}

Tiling backward_tiling(const WinogradShape& s) {
  return {s.batch,  s.out_height(), s.out_width(),        s.out_channels,
          s.height, s.width,        2 - s.padding_height, 2 - s.padding_width};
}

std::size_t convolve_scratch_bytes(const Tiling& tiling, std::int64_t columns) {
  const auto weights = static_cast<std::size_t>(kPoints * weights_stride(tiling.channels, columns)) * sizeof(float);
  const auto zeros = static_cast<std::size_t>(tiling.width * tiling.channels) * sizeof(float);
  return weights + zeros +
         static_cast<std::size_t>(threads()) * blocks_for(tiling.count(), tiling.channels, columns).bytes_a_thread;
}

}  // namespace

bool WinogradShape::supported() const {
  const auto channels = [](std::int64_t count) { return count > 0 && count % kVectorWidth == 0; };
  const auto padding = [](std::int64_t count) { return count >= 0 && count <= 2; };
  return channels(in_channels) && channels(out_channels) && padding(padding_height) && padding(padding_width) &&
         batch > 0 && out_height() > 0 && out_width() > 0;
}

std::size_t winograd_forward_scratch_bytes(const WinogradShape& shape) {
  return convolve_scratch_bytes(forward_tiling(shape), shape.out_channels);
}

std::size_t winograd_backward_input_scratch_bytes(const WinogradShape& shape) {
  return convolve_scratch_bytes(backward_tiling(shape), shape.in_channels);
}

template <class T>
void winograd_forward(const WinogradShape& shape, const T* x, const float* weight, const float* bias, T* y,
                      void* scratch) {
  Cutter cutter{static_cast<float*>(scratch)};
  float* transformed = cutter.take(kPoints * weights_stride(shape.in_channels, shape.out_channels));
  const T* zeros = cutter.take_zeros<T>(shape.width * shape.in_channels);
  transform_weights_forward(shape, weight, transformed);
  convolve(forward_tiling(shape), x, transformed, shape.out_channels, bias, y, zeros, cutter.at);
}

template <class T>
void winograd_backward_input(const WinogradShape& shape, const float* weight, const T* dy, T* dx, void* scratch) {
  Cutter cutter{static_cast<float*>(scratch)};
  float* transformed = cutter.take(kPoints * weights_stride(shape.in_channels, shape.out_channels));
  const T* zeros = cutter.take_zeros<T>(shape.out_width() * shape.out_channels);
  transform_weights_backward(shape, weight, transformed);
  convolve(backward_tiling(shape), dy, transformed, shape.in_channels, static_cast<const float*>(nullptr), dx, zeros,
           cutter.at);
}

[[gnu::used]] constexpr auto kInstances = instantiate(Types<float, BFloat16>{}, []<class T>(Type<T>) {
  return std::tuple(&winograd_forward<T>, &winograd_backward_input<T>);
});

}  // namespace sluice::kernels::cpu
