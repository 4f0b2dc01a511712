// SPDX-License-Identifier: Apache-2.0
// Softmax and its logarithm over the rows of x [N,C]. Bound by bytes: x read (twice more out of the cache), y written.
#include "kernels/softmax.h"

#include "kernels/cuda/rows.h"

namespace sluice::kernels::cuda {
namespace {

constexpr int kThreads = 128;

template <int lanes, class T>
__global__ void __launch_bounds__(kThreads)
    softmax_forward_kernel(std::int64_t rows, std::int64_t classes, const T* x, T* y) {
  const std::int64_t row = row_of_thread<lanes>();
  if (row >= rows) return;
  x += row * classes;
  y += row * classes;
  const Exponentials of_row = exponentials_of<lanes>(classes, x);
  for (std::int64_t c = lane_of_row<lanes>(); c < classes; c += lanes)
    y[c] = from_float<T>(expf(to_float(x[c]) - of_row.largest) / of_row.sum);
}

template <int lanes, class T>
__global__ void __launch_bounds__(kThreads)
    softmax_backward_kernel(std::int64_t rows, std::int64_t classes, const T* y, const T* dy, T* dx) {
  const std::int64_t row = row_of_thread<lanes>();
  if (row >= rows) return;
  const std::int64_t at = row * classes;
  float dot = 0;
  for (std::int64_t c = lane_of_row<lanes>(); c < classes; c += lanes)
    dot += to_float(y[at + c]) * to_float(dy[at + c]);
  dot = lanes_reduce<lanes>(dot, Plus{});
  for (std::int64_t c = lane_of_row<lanes>(); c < classes; c += lanes)
    dx[at + c] = from_float<T>(to_float(y[at + c]) * (to_float(dy[at + c]) - dot));
}

template <int lanes, class T>
__global__ void __launch_bounds__(kThreads)
    log_softmax_forward_kernel(std::int64_t rows, std::int64_t classes, const T* x, T* y) {
  const std::int64_t row = row_of_thread<lanes>();
  if (row >= rows) return;
  x += row * classes;
  y += row * classes;
  const Exponentials of_row = exponentials_of<lanes>(classes, x);
  const float log_sum = logf(of_row.sum);
  for (std::int64_t c = lane_of_row<lanes>(); c < classes; c += lanes)
    y[c] = from_float<T>((to_float(x[c]) - of_row.largest) - log_sum);
}

template <int lanes, class T>
__global__ void __launch_bounds__(kThreads)
    log_softmax_backward_kernel(std::int64_t rows, std::int64_t classes, const T* y, const T* dy, T* dx) {
  const std::int64_t row = row_of_thread<lanes>();
  if (row >= rows) return;
  const std::int64_t at = row * classes;
  float sum = 0;
  for (std::int64_t c = lane_of_row<lanes>(); c < classes; c += lanes) sum += to_float(dy[at + c]);
  sum = lanes_reduce<lanes>(sum, Plus{});
  for (std::int64_t c = lane_of_row<lanes>(); c < classes; c += lanes)
    dx[at + c] = from_float<T>(to_float(dy[at + c]) - expf(to_float(y[at + c])) * sum);
}

}  // namespace

template <class T>
void softmax_forward(const Exec& exec, std::int64_t rows, std::int64_t classes, const T* x, T* y) {
  if (rows == 0) return;
  with_lanes(classes, [&](auto lanes) {
    launch(exec, {"softmax_forward", blocks_for(rows * lanes, kThreads), kThreads}, softmax_forward_kernel<lanes, T>,
           rows, classes, x, y);
  });
}

template <class T>
void softmax_backward(const Exec& exec, std::int64_t rows, std::int64_t classes, const T* y, const T* dy, T* dx) {
  if (rows == 0) return;
  with_lanes(classes, [&](auto lanes) {
    launch(exec, {"softmax_backward", blocks_for(rows * lanes, kThreads), kThreads}, softmax_backward_kernel<lanes, T>,
           rows, classes, y, dy, dx);
  });
}

template <class T>
void log_softmax_forward(const Exec& exec, std::int64_t rows, std::int64_t classes, const T* x, T* y) {
  if (rows == 0) return;
  with_lanes(classes, [&](auto lanes) {
    launch(exec, {"log_softmax_forward", blocks_for(rows * lanes, kThreads), kThreads},
           log_softmax_forward_kernel<lanes, T>, rows, classes, x, y);
  });
}

template <class T>
void log_softmax_backward(const Exec& exec, std::int64_t rows, std::int64_t classes, const T* y, const T* dy, T* dx) {
  if (rows == 0) return;
  with_lanes(classes, [&](auto lanes) {
    launch(exec, {"log_softmax_backward", blocks_for(rows * lanes, kThreads), kThreads},
           log_softmax_backward_kernel<lanes, T>, rows, classes, y, dy, dx);
  });
}

#define SLUICE_INSTANTIATE(T)                                                                      \
  template void softmax_forward(const Exec&, std::int64_t, std::int64_t, const T*, T*);            \
  template void softmax_backward(const Exec&, std::int64_t, std::int64_t, const T*, const T*, T*); \
  template void log_softmax_forward(const Exec&, std::int64_t, std::int64_t, const T*, T*);        \
  template void log_softmax_backward(const Exec&, std::int64_t, std::int64_t, const T*, const T*, T*);
SLUICE_INSTANTIATE(float)
SLUICE_INSTANTIATE(BFloat16)

}  // namespace sluice::kernels::cuda
