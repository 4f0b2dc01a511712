// SPDX-License-Identifier: Apache-2.0
// The transforms of Winograd's F(4x4, 3x3) (winograd.h), on sixteen channels at a time.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

#include <sluice/base/threads.h>
#include <sluice/kernels/cpu/vector.h>
#include <sluice/kernels/cpu/winograd.h>

namespace sluice::kernels::cpu::winograd {

inline constexpr std::int64_t kPoints = 36;  // of a 6x6 tile
inline constexpr std::int64_t kTile = 4;     // results along each side

inline std::int64_t round_up(std::int64_t n, std::int64_t step) { return (n + step - 1) / step * step; }
inline std::int64_t ceil_div(std::int64_t n, std::int64_t d) { return (n + d - 1) / d; }
inline std::int64_t threads() { return in_parallel_region() ? 1 : thread_count(); }

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
inline constexpr float kA = 0.625f, kA2 = kA * kA, kA3 = kA2 * kA, kB = 1.5f, kB2 = kB * kB, kB3 = kB2 * kB;
inline constexpr float kProduct = kA2 * kB2, kSum = kA2 + kB2;
inline constexpr float kG0 = 1 / kProduct, kGa = 1 / (2 * kA2 * (kA2 - kB2)), kGb = 1 / (2 * kB2 * (kB2 - kA2));

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

inline Corner corner_of(const Tiling& tiling, std::int64_t tile) {
  const std::int64_t in_image = tile % (tiling.down * tiling.across);
  return {tile / (tiling.down * tiling.across), in_image / tiling.across * kTile, in_image % tiling.across * kTile};
}

// A square of `sides` x `sides` pixels that may reach beyond its image.
template <int sides, class T>
struct Square {
  const T* rows[sides];       // first pixel of each image row; `zeros` [width,channels] for rows outside
  std::int64_t first, width;  // its first column, and the image's width
  std::int64_t channels;

  Square(const T* image, std::int64_t image_height, std::int64_t image_width, std::int64_t channel_count,
         std::int64_t row, std::int64_t column, const T* zeros)
      : first(column), width(image_width), channels(channel_count) {
    for (int i = 0; i < sides; ++i) {
      const bool inside = row + i >= 0 && row + i < image_height;
      rows[i] = inside ? image + (row + i) * image_width * channels : zeros;
    }
  }
  // Channels [c, c + 16) of column j, from top to bottom.
  void load_column(int j, std::int64_t c, Vector* to) const {
    if (first + j < 0 || first + j >= width) {
      for (int i = 0; i < sides; ++i) to[i] = Vector{};
      return;
    }
    const std::int64_t at = (first + j) * channels + c;
#pragma GCC unroll 6
    for (int i = 0; i < sides; ++i) to[i] = load(rows[i] + at);
  }
};

// The input under a tile.
template <class T>
Square<6, T> input_of(const Tiling& tiling, std::int64_t tile, const T* x, const T* zeros) {
  const Corner at = corner_of(tiling, tile);
  return {x + at.image * tiling.height * tiling.width * tiling.channels,
          tiling.height,
          tiling.width,
          tiling.channels,
          at.row - tiling.padding_height,
          at.column - tiling.padding_width,
          zeros};
}

// The results of a tile in y [N,P,Q,channels].
template <class T>
Square<4, T> results_of(const Tiling& tiling, std::int64_t tile, const T* y, std::int64_t channels, const T* zeros) {
  const Corner at = corner_of(tiling, tile);
  return {y + at.image * tiling.out_height * tiling.out_width * channels,
          tiling.out_height,
          tiling.out_width,
          channels,
          at.row,
          at.column,
          zeros};
}

// to[point * stride] = B' d B of channels [c, c + 16).
template <class T>
inline void transform_input_tile(const Square<6, T>& square, std::int64_t c, float* to, std::int64_t stride) {
  Vector d[kPoints];
#pragma GCC unroll 6
  for (int j = 0; j < 6; ++j) {
    Vector column[6];
    square.load_column(j, c, column);
    transform_input(column, column, 1);
#pragma GCC unroll 6
    for (int i = 0; i < 6; ++i) d[i * 6 + j] = column[i];
  }
#pragma GCC unroll 6
  for (int i = 0; i < 6; ++i) {
    transform_input(d + i * 6, d + i * 6, 1);
#pragma GCC unroll 6
    for (int j = 0; j < 6; ++j) store(to + (i * 6 + j) * stride, d[i * 6 + j]);
  }
}

// to[point * stride] = A dy A' of channels [k, k + 16).
template <class T>
inline void transform_gradient_tile(const Square<4, T>& square, std::int64_t k, float* to, std::int64_t stride) {
  Vector half[6 * 4];
#pragma GCC unroll 4
  for (int j = 0; j < 4; ++j) {
    Vector column[4];
    square.load_column(j, k, column);
    transform_output_gradient(column, 1, half + j, 4);
  }
#pragma GCC unroll 6
  for (int i = 0; i < 6; ++i) {
    Vector row[6];
    transform_output_gradient(half + i * 4, 1, row, 1);
#pragma GCC unroll 6
    for (int j = 0; j < 6; ++j) store(to + (i * 6 + j) * stride, row[j]);
  }
}

// A part of a tensor [pixels, channels] that is about to be read or written, and is asked for while the processor
// multiplies: the transforms walk over it in rows that the hardware does not foresee.
struct Foreseen {
  const std::byte* begin;
  std::int64_t pixels, bytes_a_pixel, stride_bytes;

  // Channels [channel, channel + count) of about the pixels that belong to tiles [first, last) of `tiles`.
  template <class T>
  static Foreseen part(const T* tensor, std::int64_t pixels, std::int64_t channels, std::int64_t channel,
                       std::int64_t count, std::int64_t first, std::int64_t last, std::int64_t tiles) {
    constexpr auto element = static_cast<std::int64_t>(sizeof(T));
    const std::int64_t begin = pixels * first / tiles, end = pixels * std::min(last, tiles) / tiles;
    return {reinterpret_cast<const std::byte*>(tensor + begin * channels + channel), end - begin, count * element,
            channels * element};
  }
};

enum class Access : int { read = 0, write = 1 };

// One of `steps` equal parts of it.
template <Access access>
inline void prefetch(const Foreseen& part, std::int64_t step, std::int64_t steps) {
  const std::int64_t end = part.pixels * (step + 1) / steps;
  for (std::int64_t pixel = part.pixels * step / steps; pixel < end; ++pixel)
    for (std::int64_t at = 0; at < part.bytes_a_pixel; at += 64)
      __builtin_prefetch(part.begin + pixel * part.stride_bytes + at, static_cast<int>(access), 2);
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

inline int vectors_for(std::int64_t channels) { return channels % 64 == 0 ? 4 : channels % 32 == 0 ? 2 : 1; }

inline Tiling forward_tiling(const WinogradShape& s) {
  return {s.batch, s.height, s.width, s.in_channels, s.out_height(), s.out_width(), s.padding_height, s.padding_width};
}

}  // namespace sluice::kernels::cpu::winograd
