// SPDX-License-Identifier: Apache-2.0
// Pooling of x [N,H,W,C] over windows [R,S] to y [N,P,Q,C]. Bound by bytes: forward reads x and writes y; backward
// reads dy (and offsets) and writes dx. Backward gathers: each element of dx sums, in one order, the windows that hold
// it.
#pragma once

#include <cstdint>

#include <sluice/base/exec.h>
#include <sluice/base/types.h>

namespace sluice::kernels {

// P = floor((H + 2 pad_height - R) / stride_height) + 1, Q alike; pads at most half a window, so that no window is
// empty.
struct PoolGeometry {
  std::int64_t batch = 0, height = 0, width = 0, channels = 0;  // N, H, W, C
  std::int64_t window_height = 0, window_width = 0;             // R, S
  std::int64_t stride_height = 1, stride_width = 1;
  std::int64_t pad_height = 0, pad_width = 0;
  std::int64_t out_height = 0, out_width = 0;  // P, Q
};

// The largest window of max_pool2d: an offset fits in a byte.
inline constexpr std::int64_t kMaxPoolWindow = 256;

template <class Device>
struct MaxPool2d {
  // offsets [N,P,Q,C]: r * S + s of the largest element, the first of equals; a NaN wins over all. May be nullptr
  // where no way back is needed. R * S <= kMaxPoolWindow.
  template <class T>
  static void forward(const Exec&, const PoolGeometry&, const T* x, T* y, std::uint8_t* offsets);
  template <class T>
  static void backward(const Exec&, const PoolGeometry&, const std::uint8_t* offsets, const T* dy, T* dx);
};

template <class Device>
struct AvgPool2d {
  // Mean over R * S elements, padding counted as zeros.
  template <class T>
  static void forward(const Exec&, const PoolGeometry&, const T* x, T* y);
  template <class T>
  static void backward(const Exec&, const PoolGeometry&, const T* dy, T* dx);
};

template <class Device>
struct GlobalAveragePool {
  // y [N,C]: mean over the positions of x [N,positions,C].
  template <class T>
  static void forward(const Exec&, std::int64_t batch, std::int64_t positions, std::int64_t channels, const T* x, T* y);
  template <class T>
  static void backward(const Exec&, std::int64_t batch, std::int64_t positions, std::int64_t channels, const T* dy,
                       T* dx);
};

}  // namespace sluice::kernels
