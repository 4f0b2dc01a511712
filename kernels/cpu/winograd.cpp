// SPDX-License-Identifier: Apache-2.0
#include "kernels/cpu/winograd.h"

#include <omp.h>

#include <algorithm>
#include <cstring>

#include "kernels/cpu/parallel.h"
#include "kernels/cpu/vector.h"

namespace sluice::kernels::cpu {
namespace {

constexpr std::int64_t kPoints = 36;  // of a 6x6 tile
constexpr std::int64_t kTile = 4;     // results along each side

std::int64_t round_up(std::int64_t n, std::int64_t step) { return (n + step - 1) / step * step; }
std::int64_t ceil_div(std::int64_t n, std::int64_t d) { return (n + d - 1) / d; }
std::int64_t threads() { return omp_in_parallel() ? 1 : omp_get_max_threads(); }

// Cook and Toom's algorithm for 4 results of 3 taps, from the values of polynomials at the points 0, a, -a, b, -b and
// infinity. With the usual a = 1, b = 2 errors are twice as large (rms; five times at most); these two divide by powers
// of two only and are near the best. On the choice: Barabasz, Anderson, Soodhalter and Gregg, "Error analysis and
// improving the accuracy of Winograd convolution for deep neural networks", ACM TOMS 46(4), 2020.
//
//        | a2b2    0   -a2-b2    0     1  0 |       | 1/n0    0      0   |
//        |   0   -ab2   -b2      a     1  0 |       | 1/na   a/na  a2/na |        | 1  1   1  1   1  0 |
//   B' = |   0    ab2   -b2     -a     1  0 |   G = | 1/na  -a/na  a2/na |   A' = | 0  a  -a  b  -b  0 |
//        |   0   -a2b   -a2      b     1  0 |       | 1/nb   b/nb  b2/nb |        | 0  a2 a2  b2 b2  0 |
//        |   0    a2b   -a2     -b     1  0 |       | 1/nb  -b/nb  b2/nb |        | 0  a3 -a3 b3 -b3 1 |
//        |   0   a2b2    0    -a2-b2   0  1 |       |   0     0      1   |
//
// with n0 = a2 b2, na = 2 a2 (a2 - b2), nb = 2 b2 (b2 - a2).
constexpr float kA = 0.625f, kA2 = kA * kA, kA3 = kA2 * kA, kB = 1.5f, kB2 = kB * kB, kB3 = kB2 * kB;
constexpr float kProduct = kA2 * kB2, kSum = kA2 + kB2;
constexpr float kG0 = 1 / kProduct, kGa = 1 / (2 * kA2 * (kA2 - kB2)), kGb = 1 / (2 * kB2 * (kB2 - kA2));

// One-dimensional transforms on vectors of channels; `step` strides the operands.

// B' d: 6 to 6.
inline void transform_input(const Vector* d, Vector* t, int step) {
  const Vector d0 = d[0], d1 = d[step], d2 = d[2 * step], d3 = d[3 * step], d4 = d[4 * step], d5 = d[5 * step];
  const Vector even_a = d4 - kB2 * d2, odd_a = d3 - kB2 * d1, even_b = d4 - kA2 * d2, odd_b = d3 - kA2 * d1;
  t[0] = kProduct * d0 + (d4 - kSum * d2);
  t[step] = even_a + kA * odd_a;
  t[2 * step] = even_a - kA * odd_a;
  t[3 * step] = even_b + kB * odd_b;
  t[4 * step] = even_b - kB * odd_b;
  t[5 * step] = kProduct * d1 + (d5 - kSum * d3);
}

// A' m: 6 to 4.
inline void transform_output(const Vector* m, int m_step, Vector* y, int y_step) {
  const Vector m1 = m[m_step], m2 = m[2 * m_step], m3 = m[3 * m_step], m4 = m[4 * m_step];
  const Vector even_a = m1 + m2, odd_a = m1 - m2, even_b = m3 + m4, odd_b = m3 - m4;
  y[0] = m[0] + even_a + even_b;
  y[y_step] = kA * odd_a + kB * odd_b;
  y[2 * y_step] = kA2 * even_a + kB2 * even_b;
  y[3 * y_step] = kA3 * odd_a + (kB3 * odd_b + m[5 * m_step]);
}

// A y: 4 to 6, the transpose of the above.
inline void transform_output_gradient(const Vector* y, int y_step, Vector* m, int m_step) {
  const Vector y0 = y[0], y1 = y[y_step], y2 = y[2 * y_step], y3 = y[3 * y_step];
  const Vector even_a = y0 + kA2 * y2, odd_a = y1 + kA2 * y3, even_b = y0 + kB2 * y2, odd_b = y1 + kB2 * y3;
  m[0] = y0;
  m[m_step] = even_a + kA * odd_a;
  m[2 * m_step] = even_a - kA * odd_a;
  m[3 * m_step] = even_b + kB * odd_b;
  m[4 * m_step] = even_b - kB * odd_b;
  m[5 * m_step] = y3;
}

// G g: 3 to 6.
inline void transform_weight(const Vector* g, int g_step, Vector* u, int u_step) {
  const Vector w0 = g[0], w1 = g[g_step], w2 = g[2 * g_step];
  const Vector even_a = kGa * (w0 + kA2 * w2), odd_a = (kGa * kA) * w1;
  const Vector even_b = kGb * (w0 + kB2 * w2), odd_b = (kGb * kB) * w1;
  u[0] = kG0 * w0;
  u[u_step] = even_a + odd_a;
  u[2 * u_step] = even_a - odd_a;
  u[3 * u_step] = even_b + odd_b;
  u[4 * u_step] = even_b - odd_b;
  u[5 * u_step] = w2;
}

// G' u: 6 to 3, the transpose of the above.
inline void transform_weight_gradient(const Vector* u, int u_step, Vector* g, int g_step) {
  const Vector u1 = u[u_step], u2 = u[2 * u_step], u3 = u[3 * u_step], u4 = u[4 * u_step];
  const Vector even_a = kGa * (u1 + u2), even_b = kGb * (u3 + u4);
  g[0] = kG0 * u[0] + even_a + even_b;
  g[g_step] = (kGa * kA) * (u1 - u2) + (kGb * kB) * (u3 - u4);
  g[2 * g_step] = kA2 * even_a + kB2 * even_b + u[5 * u_step];
}

// The tiles of an image batch [N,H,W,C] whose results are [N,P,Q,K], numbered along rows.
struct Tiling {
  std::int64_t batch, height, width, channels, out_height, out_width, padding_height, padding_width;
  std::int64_t down = ceil_div(out_height, kTile), across = ceil_div(out_width, kTile);

  std::int64_t count() const { return batch * down * across; }
};

struct Corner {
  std::int64_t image, row, column;  // of the first result of a tile
};

Corner corner_of(const Tiling& tiling, std::int64_t tile) {
  const std::int64_t in_image = tile % (tiling.down * tiling.across);
  return {tile / (tiling.down * tiling.across), in_image / tiling.across * kTile, in_image % tiling.across * kTile};
}

// Where the sides x sides elements of a tile lie; those outside of the image point to `zeros` [channels].
template <int sides, class T>
void locate(const T* image, std::int64_t height, std::int64_t width, std::int64_t channels, std::int64_t row,
            std::int64_t column, const T* zeros, const T** elements) {
  for (int i = 0; i < sides; ++i) {
    for (int j = 0; j < sides; ++j) {
      const std::int64_t h = row + i, w = column + j;
      const bool inside = h >= 0 && h < height && w >= 0 && w < width;
      elements[i * sides + j] = inside ? image + (h * width + w) * channels : zeros;
    }
  }
}

// transformed[point * stride + c] = B' d B of one tile.
template <class T>
void transform_input_tile(const Tiling& tiling, std::int64_t tile, const T* x, const T* zeros, float* transformed,
                          std::int64_t stride) {
  const Corner at = corner_of(tiling, tile);
  const T* elements[kPoints];
  locate<6>(x + at.image * tiling.height * tiling.width * tiling.channels, tiling.height, tiling.width, tiling.channels,
            at.row - tiling.padding_height, at.column - tiling.padding_width, zeros, elements);
  for (std::int64_t c = 0; c < tiling.channels; c += kVectorWidth) {
    Vector d[kPoints];
#pragma GCC unroll 6
    for (int j = 0; j < 6; ++j) {
      Vector column[6];
#pragma GCC unroll 6
      for (int i = 0; i < 6; ++i) column[i] = load(elements[i * 6 + j] + c);
      transform_input(column, column, 1);
#pragma GCC unroll 6
      for (int i = 0; i < 6; ++i) d[i * 6 + j] = column[i];
    }
#pragma GCC unroll 6
    for (int i = 0; i < 6; ++i) {
      transform_input(d + i * 6, d + i * 6, 1);
#pragma GCC unroll 6
      for (int j = 0; j < 6; ++j) store(transformed + (i * 6 + j) * stride + c, d[i * 6 + j]);
    }
  }
}

// y = A' m A of one tile, m[point * stride + k].
template <class T>
void transform_output_tile(const Tiling& tiling, std::int64_t tile, const float* m, std::int64_t stride,
                           std::int64_t out_channels, const float* bias, T* y) {
  const Corner at = corner_of(tiling, tile);
  const std::int64_t rows = std::min(kTile, tiling.out_height - at.row),
                     columns = std::min(kTile, tiling.out_width - at.column);
  T* image = y + ((at.image * tiling.out_height + at.row) * tiling.out_width + at.column) * out_channels;
  // The lines to be written lie in rows that the hardware does not foresee.
  for (std::int64_t i = 0; i < rows; ++i)
    for (std::int64_t at_k = 0; at_k < columns * out_channels; at_k += kVectorWidth)
      __builtin_prefetch(image + i * tiling.out_width * out_channels + at_k, 1);
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

// transformed[point * stride + k] = A dy A' of one tile.
template <class T>
void transform_gradient_tile(const Tiling& tiling, std::int64_t tile, const T* dy, std::int64_t out_channels,
                             const T* zeros, float* transformed, std::int64_t stride) {
  const Corner at = corner_of(tiling, tile);
  const T* elements[kTile * kTile];
  locate<4>(dy + at.image * tiling.out_height * tiling.out_width * out_channels, tiling.out_height, tiling.out_width,
            out_channels, at.row, at.column, zeros, elements);
  for (std::int64_t k = 0; k < out_channels; k += kVectorWidth) {
    Vector half[6 * 4];
#pragma GCC unroll 4
    for (int j = 0; j < 4; ++j) {
      Vector column[4];
#pragma GCC unroll 4
      for (int i = 0; i < 4; ++i) column[i] = load(elements[i * 4 + j] + k);
      transform_output_gradient(column, 1, half + j, 4);
    }
#pragma GCC unroll 6
    for (int i = 0; i < 6; ++i) {
      Vector row[6];
      transform_output_gradient(half + i * 4, 1, row, 1);
#pragma GCC unroll 6
      for (int j = 0; j < 6; ++j) store(transformed + (i * 6 + j) * stride + k, row[j]);
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
    for (int v = 0; v < vectors; ++v) right[v] = load(b + (c * vectors + v) * kVectorWidth);
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
int vectors_for(std::int64_t channels) { return channels % 64 == 0 ? 4 : channels % 32 == 0 ? 2 : 1; }

template <int vectors>
void multiply_points(std::int64_t rows, std::int64_t depth, const float* a, std::int64_t a_stride, const float* b,
                     std::int64_t columns, float* out, std::int64_t out_stride) {
  constexpr int step = rows_for(vectors);
  constexpr std::int64_t panel = vectors * kVectorWidth;
  for (std::int64_t point = 0; point < kPoints; ++point)
    for (std::int64_t k = 0; k < columns; k += panel)
      for (std::int64_t row = 0; row < rows; row += step)
        multiply_tile<step, vectors>(depth, a + point * a_stride + row * depth, depth,
                                     b + (point * columns + k) * depth, out + point * out_stride + row * columns + k,
                                     columns);
}

// Both ways of a convolution are the same work; they differ in how the weights are laid out.
// `weights`: [point][columns / panel][depth][panel].
struct Blocks {
  std::int64_t rows;                   // tiles in a block, a multiple of the rows of a register tile
  std::int64_t in_stride, out_stride;  // floats between two points; not a power of two, lest they share cache sets
  std::size_t bytes_a_thread;
};

Blocks blocks_for(std::int64_t tiles, std::int64_t depth, std::int64_t columns) {
  constexpr std::int64_t budget = 1 << 18;
  const std::int64_t step = rows_for(vectors_for(columns));
  const std::int64_t wanted = std::clamp<std::int64_t>(budget / (kPoints * 4 * (depth + columns)), 24, 240);
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
  const Blocks blocks = blocks_for(tiles, depth, columns);
  const std::int64_t count = ceil_div(tiles, blocks.rows);
  const auto multiply = vectors_for(columns) == 4   ? multiply_points<4>
                        : vectors_for(columns) == 2 ? multiply_points<2>
                                                    : multiply_points<1>;
#pragma omp parallel num_threads(static_cast <int>(threads()))
  {
    float* transformed =
        scratch + static_cast<std::size_t>(omp_get_thread_num()) * (blocks.bytes_a_thread / sizeof(float));
    float* product = transformed + kPoints * blocks.in_stride;
#pragma omp for schedule(dynamic, 1)
    for (std::int64_t block = 0; block < count; ++block) {
      const std::int64_t first = block * blocks.rows, rows = std::min(blocks.rows, tiles - first);
      for (std::int64_t t = 0; t < rows; ++t)
        transform_input_tile(tiling, first + t, in, zeros, transformed + t * depth, blocks.in_stride);
      const std::int64_t whole = round_up(rows, rows_for(vectors_for(columns)));
      for (std::int64_t point = 0; rows < whole && point < kPoints; ++point)
        std::fill_n(transformed + point * blocks.in_stride + rows * depth, (whole - rows) * depth, 0.0f);
      multiply(whole, depth, transformed, blocks.in_stride, weights, columns, product, blocks.out_stride);
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
      for (std::int64_t c = 0; c < depth; ++c) {
        Vector g[9];
        for (int tap = 0; tap < 9; ++tap)
          for (int lane = 0; lane < kVectorWidth; ++lane) g[tap][lane] = weight[((k + lane) * 9 + tap) * depth + c];
        store_transformed_weights(g, to + c * panel, columns * depth);
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
        store_transformed_weights(g, transformed + (c / panel * depth + k) * panel + c % panel, columns * depth);
      }
    }
  });
}

// sum [rows, vectors*16] (+)= sum over tiles of z[t][row] * v[t][column].
template <int rows, int vectors>
void accumulate_tile(std::int64_t tiles, const float* z, std::int64_t z_stride, const float* v, std::int64_t v_stride,
                     float* out, std::int64_t out_stride, Accumulate accumulate) {
  Vector sum[rows][vectors];
#pragma GCC unroll 16
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j)
      sum[i][j] = accumulate == Accumulate::yes ? load(out + i * out_stride + j * kVectorWidth) : Vector{};
  for (std::int64_t t = 0; t < tiles; ++t) {
    Vector right[vectors];
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) right[j] = load(v + t * v_stride + j * kVectorWidth);
#pragma GCC unroll 16
    for (int i = 0; i < rows; ++i) {
      const Vector left = broadcast(z[t * z_stride + i]);
#pragma GCC unroll 4
      for (int j = 0; j < vectors; ++j) sum[i][j] += left * right[j];
    }
  }
#pragma GCC unroll 16
  for (int i = 0; i < rows; ++i)
#pragma GCC unroll 4
    for (int j = 0; j < vectors; ++j) store(out + i * out_stride + j * kVectorWidth, sum[i][j]);
}

template <int vectors>
void accumulate_point(std::int64_t tiles, const float* z, std::int64_t out_channels, const float* v,
                      std::int64_t in_channels, float* out, Accumulate accumulate) {
  constexpr int rows = 16 / vectors;
  for (std::int64_t c = 0; c < in_channels; c += vectors * kVectorWidth)
    for (std::int64_t k = 0; k < out_channels; k += rows)
      accumulate_tile<rows, vectors>(tiles, z + k, out_channels, v + c, in_channels, out + k * in_channels + c,
                                     in_channels, accumulate);
}

// Tiles whose transforms are held at once in backward_weight.
constexpr std::int64_t kGradientTiles = 128;

Tiling forward_tiling(const WinogradShape& s) {
  return {s.batch, s.height, s.width, s.in_channels, s.out_height(), s.out_width(), s.padding_height, s.padding_width};
}

Tiling backward_tiling(const WinogradShape& s) {
  return {s.batch,  s.out_height(), s.out_width(),        s.out_channels,
          s.height, s.width,        2 - s.padding_height, 2 - s.padding_width};
}

std::size_t convolve_scratch_bytes(const Tiling& tiling, std::int64_t columns) {
  const auto weights = static_cast<std::size_t>(kPoints * tiling.channels * columns) * sizeof(float);
  const auto zeros = static_cast<std::size_t>(tiling.channels) * sizeof(float);
  return weights + zeros +
         static_cast<std::size_t>(threads()) * blocks_for(tiling.count(), tiling.channels, columns).bytes_a_thread;
}

// Cuts scratch into parts of 64-byte multiples.
struct Cutter {
  float* at;

  float* take(std::int64_t floats) {
    float* part = at;
    at += round_up(floats, 16);
    return part;
  }
  template <class T>
  const T* take_zeros(std::int64_t count) {
    float* part = take(count);
    std::fill_n(part, count, 0.0f);
    return reinterpret_cast<const T*>(part);
  }
};

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

std::size_t winograd_backward_weight_scratch_bytes(const WinogradShape& shape) {
  const std::int64_t tiles = std::min(kGradientTiles, forward_tiling(shape).count());
  const std::int64_t channels = shape.in_channels + shape.out_channels;
  return static_cast<std::size_t>(kPoints * (shape.in_channels * shape.out_channels + tiles * channels + 32) +
                                  channels) *
         sizeof(float);
}

template <class T>
void winograd_forward(const WinogradShape& shape, const T* x, const float* weight, const float* bias, T* y,
                      void* scratch) {
  Cutter cutter{static_cast<float*>(scratch)};
  float* transformed = cutter.take(kPoints * shape.in_channels * shape.out_channels);
  const T* zeros = cutter.take_zeros<T>(shape.in_channels);
  transform_weights_forward(shape, weight, transformed);
  convolve(forward_tiling(shape), x, transformed, shape.out_channels, bias, y, zeros, cutter.at);
}

template <class T>
void winograd_backward_input(const WinogradShape& shape, const float* weight, const T* dy, T* dx, void* scratch) {
  Cutter cutter{static_cast<float*>(scratch)};
  float* transformed = cutter.take(kPoints * shape.in_channels * shape.out_channels);
  const T* zeros = cutter.take_zeros<T>(shape.out_channels);
  transform_weights_backward(shape, weight, transformed);
  convolve(backward_tiling(shape), dy, transformed, shape.in_channels, static_cast<const float*>(nullptr), dx, zeros,
           cutter.at);
}

// dweight = G' [ sum over tiles of (A dy A') . (B' x B) ] G: the transpose of forward in the weights.
template <class T>
void winograd_backward_weight(const WinogradShape& shape, const T* x, const T* dy, float* dweight, void* scratch) {
  const std::int64_t c_count = shape.in_channels, k_count = shape.out_channels;
  const Tiling tiling = forward_tiling(shape);
  const std::int64_t tiles = tiling.count(), block = std::min(kGradientTiles, tiles);
  Cutter cutter{static_cast<float*>(scratch)};
  float* sums = cutter.take(kPoints * k_count * c_count);
  const T* zeros = cutter.take_zeros<T>(std::max(c_count, k_count));
  const std::int64_t v_stride = block * c_count + 16, z_stride = block * k_count + 16;
  float* v = cutter.take(kPoints * v_stride);
  float* z = cutter.take(kPoints * z_stride);
  const auto accumulate_one = vectors_for(c_count) == 4   ? accumulate_point<4>
                              : vectors_for(c_count) == 2 ? accumulate_point<2>
                                                          : accumulate_point<1>;
#pragma omp parallel num_threads(static_cast <int>(threads()))
  {
    for (std::int64_t first = 0; first < tiles; first += block) {
      const std::int64_t count = std::min(block, tiles - first);
#pragma omp for schedule(static)
      for (std::int64_t t = 0; t < count; ++t) {
        transform_input_tile(tiling, first + t, x, zeros, v + t * c_count, v_stride);
        transform_gradient_tile(tiling, first + t, dy, k_count, zeros, z + t * k_count, z_stride);
      }
#pragma omp for schedule(static)
      for (std::int64_t point = 0; point < kPoints; ++point)
        accumulate_one(count, z + point * z_stride, k_count, v + point * v_stride, c_count,
                       sums + point * k_count * c_count, first == 0 ? Accumulate::no : Accumulate::yes);
    }
#pragma omp for schedule(static)
    for (std::int64_t k = 0; k < k_count; ++k) {
      for (std::int64_t c = 0; c < c_count; c += kVectorWidth) {
        Vector u[kPoints], half[3 * 6];
        for (int point = 0; point < kPoints; ++point) u[point] = load(sums + (point * k_count + k) * c_count + c);
        for (int j = 0; j < 6; ++j) transform_weight_gradient(u + j, 6, half + j, 6);
        for (int r = 0; r < 3; ++r) {
          Vector row[3];
          transform_weight_gradient(half + r * 6, 1, row, 1);
          for (int s = 0; s < 3; ++s) store(dweight + ((k * 3 + r) * 3 + s) * c_count + c, row[s]);
        }
      }
    }
  }
}

#define SLUICE_INSTANTIATE(T)                                                                            \
  template void winograd_forward(const WinogradShape&, const T*, const float*, const float*, T*, void*); \
  template void winograd_backward_input(const WinogradShape&, const float*, const T*, T*, void*);        \
  template void winograd_backward_weight(const WinogradShape&, const T*, const T*, float*, void*);
SLUICE_INSTANTIATE(float)
SLUICE_INSTANTIATE(BFloat16)

}  // namespace sluice::kernels::cpu
