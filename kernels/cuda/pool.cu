// SPDX-License-Identifier: Apache-2.0
// Pooling of x [N,H,W,C] to y [N,P,Q,C]. Bound by bytes: forward reads x once (overlapping windows meet in the cache)
// and writes y; backward reads dy and offsets and writes dx, each element gathered from the windows that hold it.
#include "kernels/pool.h"

#include "kernels/cuda/device.h"

namespace sluice::kernels::cuda {
namespace {

constexpr int kThreads = 256;

// Positions [first, last) of one axis.
struct Span {
  std::int64_t first, last;
};

// The part of window `out` that lies inside the image, as offsets into the window.
__device__ Span inside(std::int64_t out, std::int64_t stride, std::int64_t pad, std::int64_t window,
                       std::int64_t extent) {
  const std::int64_t origin = out * stride - pad;
  return {max(std::int64_t{0}, -origin), min(window, extent - origin)};
}

// The windows that hold position `at`.
__device__ Span holders(std::int64_t at, std::int64_t stride, std::int64_t pad, std::int64_t window,
                        std::int64_t out_extent) {
  const std::int64_t reach = at + pad - window;
  return {reach < 0 ? 0 : reach / stride + 1, min(out_extent, (at + pad) / stride + 1)};
}

// An element of an image batch [N, height, width, C], found from its number.
struct Place {
  std::int64_t image, row, column, channel;
};

__device__ Place place_of(std::int64_t index, std::int64_t height, std::int64_t width, std::int64_t channels) {
  const std::int64_t channel = index % channels, pixel = index / channels;
  return {pixel / (height * width), pixel / width % height, pixel % width, channel};
}

// visit(offset in the window, index into x) for the positions of the window of y that `place` names.
template <class Visit>
__device__ void for_window(const PoolGeometry& g, const Place& place, Visit&& visit) {
  const Span rows = inside(place.row, g.stride_height, g.pad_height, g.window_height, g.height);
  const Span columns = inside(place.column, g.stride_width, g.pad_width, g.window_width, g.width);
  for (std::int64_t r = rows.first; r < rows.last; ++r)
    for (std::int64_t s = columns.first; s < columns.last; ++s) {
      const std::int64_t h = place.row * g.stride_height - g.pad_height + r;
      const std::int64_t w = place.column * g.stride_width - g.pad_width + s;
      visit(static_cast<int>(r * g.window_width + s),
            ((place.image * g.height + h) * g.width + w) * g.channels + place.channel);
    }
}

// visit(offset in the window, index into y) for the windows that hold the element of x that `place` names.
template <class Visit>
__device__ void for_holders(const PoolGeometry& g, const Place& place, Visit&& visit) {
  const Span rows = holders(place.row, g.stride_height, g.pad_height, g.window_height, g.out_height);
  const Span columns = holders(place.column, g.stride_width, g.pad_width, g.window_width, g.out_width);
  for (std::int64_t p = rows.first; p < rows.last; ++p)
    for (std::int64_t q = columns.first; q < columns.last; ++q) {
      const std::int64_t r = place.row + g.pad_height - p * g.stride_height;
      const std::int64_t s = place.column + g.pad_width - q * g.stride_width;
      visit(static_cast<int>(r * g.window_width + s),
            ((place.image * g.out_height + p) * g.out_width + q) * g.channels + place.channel);
    }
}

__device__ std::int64_t element_of_thread() { return std::int64_t{blockIdx.x} * kThreads + threadIdx.x; }

template <class T>
__global__ void __launch_bounds__(kThreads)
    max_pool2d_forward_kernel(PoolGeometry g, std::int64_t n, const T* x, T* y, std::uint8_t* offsets) {
  const std::int64_t i = element_of_thread();
  if (i >= n) return;
  float largest = -INFINITY;
  int where = -1;
  for_window(g, place_of(i, g.out_height, g.out_width, g.channels), [&](int offset, std::int64_t from) {
    const float value = to_float(x[from]);
    if (where < 0 || value > largest || value != value) {
      largest = value;
      where = offset;
    }
  });
  y[i] = from_float<T>(largest);
  if (offsets != nullptr) offsets[i] = static_cast<std::uint8_t>(where);
}

template <class T>
__global__ void __launch_bounds__(kThreads)
    max_pool2d_backward_kernel(PoolGeometry g, std::int64_t n, const std::uint8_t* offsets, const T* dy, T* dx) {
  const std::int64_t i = element_of_thread();
  if (i >= n) return;
  float sum = 0;
  for_holders(g, place_of(i, g.height, g.width, g.channels), [&](int offset, std::int64_t window) {
    if (offsets[window] == offset) sum += to_float(dy[window]);
  });
  dx[i] = from_float<T>(sum);
}

template <class T>
__global__ void __launch_bounds__(kThreads)
    avg_pool2d_forward_kernel(PoolGeometry g, std::int64_t n, float share, const T* x, T* y) {
  const std::int64_t i = element_of_thread();
  if (i >= n) return;
  float sum = 0;
  for_window(g, place_of(i, g.out_height, g.out_width, g.channels),
             [&](int, std::int64_t from) { sum += to_float(x[from]); });
  y[i] = from_float<T>(sum * share);
}

template <class T>
__global__ void __launch_bounds__(kThreads)
    avg_pool2d_backward_kernel(PoolGeometry g, std::int64_t n, float share, const T* dy, T* dx) {
  const std::int64_t i = element_of_thread();
  if (i >= n) return;
  float sum = 0;
  for_holders(g, place_of(i, g.height, g.width, g.channels),
              [&](int, std::int64_t window) { sum += to_float(dy[window]); });
  dx[i] = from_float<T>(sum * share);
}

// A thread a channel of an image; neighbours read neighbouring channels.
template <class T>
__global__ void __launch_bounds__(kThreads)
    global_average_pool_forward_kernel(std::int64_t n, std::int64_t positions, std::int64_t channels, float share,
                                       const T* x, T* y) {
  const std::int64_t i = element_of_thread();
  if (i >= n) return;
  const T* from = x + i / channels * positions * channels + i % channels;
  float sum = 0;
  for (std::int64_t position = 0; position < positions; ++position) sum += to_float(from[position * channels]);
  y[i] = from_float<T>(sum * share);
}

template <class T>
__global__ void __launch_bounds__(kThreads)
    global_average_pool_backward_kernel(std::int64_t n, std::int64_t positions, std::int64_t channels, float share,
                                        const T* dy, T* dx) {
  const std::int64_t i = element_of_thread();
  if (i >= n) return;
  dx[i] = from_float<T>(share * to_float(dy[i / (positions * channels) * channels + i % channels]));
}

float share_of(std::int64_t count) { return 1 / static_cast<float>(count); }

std::int64_t x_size(const PoolGeometry& g) { return g.batch * g.height * g.width * g.channels; }
std::int64_t y_size(const PoolGeometry& g) { return g.batch * g.out_height * g.out_width * g.channels; }

// A thread for each of n elements.
template <class... Parameters, class... Arguments>
void launch_over(const Exec& exec, const char* name, std::int64_t n, void (*kernel)(Parameters...),
                 Arguments&&... arguments) {
  if (n > 0) launch(exec, {name, blocks_for(n, kThreads), kThreads}, kernel, arguments...);
}

}  // namespace

template <class T>
void max_pool2d_forward(const Exec& exec, const PoolGeometry& g, const T* x, T* y, std::uint8_t* offsets) {
  launch_over(exec, "max_pool2d_forward", y_size(g), max_pool2d_forward_kernel<T>, g, y_size(g), x, y, offsets);
}

template <class T>
void max_pool2d_backward(const Exec& exec, const PoolGeometry& g, const std::uint8_t* offsets, const T* dy, T* dx) {
  launch_over(exec, "max_pool2d_backward", x_size(g), max_pool2d_backward_kernel<T>, g, x_size(g), offsets, dy, dx);
}

template <class T>
void avg_pool2d_forward(const Exec& exec, const PoolGeometry& g, const T* x, T* y) {
  launch_over(exec, "avg_pool2d_forward", y_size(g), avg_pool2d_forward_kernel<T>, g, y_size(g),
              share_of(g.window_height * g.window_width), x, y);
}

template <class T>
void avg_pool2d_backward(const Exec& exec, const PoolGeometry& g, const T* dy, T* dx) {
  launch_over(exec, "avg_pool2d_backward", x_size(g), avg_pool2d_backward_kernel<T>, g, x_size(g),
              share_of(g.window_height * g.window_width), dy, dx);
}

template <class T>
void global_average_pool_forward(const Exec& exec, std::int64_t batch, std::int64_t positions, std::int64_t channels,
                                 const T* x, T* y) {
  launch_over(exec, "global_average_pool_forward", batch * channels, global_average_pool_forward_kernel<T>,
              batch * channels, positions, channels, share_of(positions), x, y);
}

template <class T>
void global_average_pool_backward(const Exec& exec, std::int64_t batch, std::int64_t positions, std::int64_t channels,
                                  const T* dy, T* dx) {
  const std::int64_t n = batch * positions * channels;
  launch_over(exec, "global_average_pool_backward", n, global_average_pool_backward_kernel<T>, n, positions, channels,
              share_of(positions), dy, dx);
}

#define SLUICE_INSTANTIATE(T)                                                                                     \
  template void max_pool2d_forward(const Exec&, const PoolGeometry&, const T*, T*, std::uint8_t*);                \
  template void max_pool2d_backward(const Exec&, const PoolGeometry&, const std::uint8_t*, const T*, T*);         \
  template void avg_pool2d_forward(const Exec&, const PoolGeometry&, const T*, T*);                               \
  template void avg_pool2d_backward(const Exec&, const PoolGeometry&, const T*, T*);                              \
  template void global_average_pool_forward(const Exec&, std::int64_t, std::int64_t, std::int64_t, const T*, T*); \
  template void global_average_pool_backward(const Exec&, std::int64_t, std::int64_t, std::int64_t, const T*, T*);
SLUICE_INSTANTIATE(float)
SLUICE_INSTANTIATE(BFloat16)

}  // namespace sluice::kernels::cuda
