// SPDX-License-Identifier: Apache-2.0
// Two-dimensional convolution (cross-correlation, as in all of deep learning) of x [N,H,W,C] with weight
// [K,R,S,C/groups] to y [N,P,Q,K]; group g makes channels [g*K/groups, (g+1)*K/groups) of y from channels
// [g*C/groups, (g+1)*C/groups) of x:
//   y[n,p,q,k] = bias[k] + sum over r, s, c of weight[k,r,s,c] * x[n, p*stride + r*dilation - padding, ..., c]
// with zeros outside of x. Each pass takes 2*N*P*Q*K*R*S*C/groups operations and is bound by them, except for few
// channels or depthwise. Sums are in Master<T>.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string>

#include <sluice/base/exec.h>
#include <sluice/base/types.h>
#include <sluice/kernels/weight.h>

namespace sluice::kernels {

enum class Bias : std::uint8_t { absent, present };
// Of y by channels, as batch norm takes them (kernels/batch_norm.h): asked of forward, which may not have them.
enum class Moments : std::uint8_t { absent, present };

struct Conv2dWindow {
  std::int64_t stride_height = 1, stride_width = 1;      // from 1
  std::int64_t padding_height = 0, padding_width = 0;    // zeros on each side, from 0
  std::int64_t dilation_height = 1, dilation_width = 1;  // from 1
  std::int64_t groups = 1;                               // divides C and K
  Bias bias = Bias::absent;
  Moments moments = Moments::absent;

  auto operator<=>(const Conv2dWindow&) const = default;
};

struct Conv2dShape {
  std::int64_t batch, height, width, in_channels;          // N, H, W, C
  std::int64_t out_channels, kernel_height, kernel_width;  // K, R, S
  std::int64_t out_height, out_width;                      // P, Q
  Conv2dWindow window;

  // From x [N,H,W,C] and weight [K,R,S,C/groups]. P = floor((H + 2 padding - dilation (R - 1) - 1) / stride) + 1, Q
  // alike. Throws std::invalid_argument, naming what was expected and found, where an extent is below its range,
  // channels don't match, or the kernel is larger than the padded image.
  static Conv2dShape make(const std::array<std::int64_t, 4>& x, const std::array<std::int64_t, 4>& weight,
                          const Conv2dWindow& window);

  std::int64_t x_size() const { return batch * height * width * in_channels; }
  std::int64_t y_size() const { return batch * out_height * out_width * out_channels; }
  std::int64_t weight_size() const { return out_channels * kernel_height * kernel_width * in_channels / window.groups; }
  // Of one pass.
  double flops() const {
    return 2.0 * static_cast<double>(batch * out_height * out_width) * static_cast<double>(weight_size());
  }

  // For keys of tuning: "x=128x32x32x16 weight=16x3x3 stride=1x1 padding=1x1 dilation=1x1 groups=1 bias".
  std::string description() const;

  auto operator<=>(const Conv2dShape&) const = default;
};

// `bias` and `dbias` [K] are nullptr if, and only if, shape.window.bias is absent. The scratch's size is that of the
// algorithm that the pass will run; where several serve, asking for it first measures them (kernels/runtime/tuning.h).
// conv2d_moments_run is the number of rows (of y as [N*P*Q,K]) in a run of the moments that forward leaves, or 0 where
// they are not asked for or the algorithm can't; `moments` [2, ceil(N*P*Q / run), K] is nullptr if, and only if, it is
// 0. They are those of y as it was rounded, and y is not read again for them; x and weight start at multiples of 16.
template <class Device>
struct Conv2d {
  template <class T>
  static std::size_t forward_scratch_bytes(const Exec&, const Conv2dShape&);
  template <class T>
  static std::int64_t moments_run(const Exec&, const Conv2dShape&);
  template <class T>
  static void forward(const Exec&, const Conv2dShape&, const T* x, Weight<T> weight, const Master<T>* bias, T* y,
                      Master<T>* moments, void* scratch);
  template <class T>
  static std::size_t backward_input_scratch_bytes(const Exec&, const Conv2dShape&);
  template <class T>
  static void backward_input(const Exec&, const Conv2dShape&, Weight<T> weight, const T* dy, T* dx, void* scratch);
  template <class T>
  static std::size_t backward_weight_scratch_bytes(const Exec&, const Conv2dShape&);
  template <class T>
  static void backward_weight(const Exec&, const Conv2dShape&, const T* x, const T* dy, Master<T>* dweight,
                              Master<T>* dbias, void* scratch);
};

}  // namespace sluice::kernels
