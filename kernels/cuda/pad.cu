// SPDX-License-Identifier: Apache-2.0
// Zeros around the channels. Bound by bytes: x read once, y written once.
#include "kernels/pad.h"

#include "kernels/cuda/device.h"

namespace sluice::kernels::cuda {
namespace {

constexpr int kThreads = 256;

// A thread an element of the wide rows [rows, before + C + after].
template <class T>
__global__ void __launch_bounds__(kThreads) pad_channels_forward_kernel(ChannelPadding g, const T* x, T* y) {
  const std::int64_t i = std::int64_t{blockIdx.x} * kThreads + threadIdx.x, wide = g.before + g.channels + g.after;
  if (i >= g.rows * wide) return;
  const std::int64_t channel = i % wide - g.before;
  y[i] = channel >= 0 && channel < g.channels ? x[i / wide * g.channels + channel] : from_float<T>(0);
}

template <class T>
__global__ void __launch_bounds__(kThreads) pad_channels_backward_kernel(ChannelPadding g, const T* dy, T* dx) {
  const std::int64_t i = std::int64_t{blockIdx.x} * kThreads + threadIdx.x;
  if (i >= g.rows * g.channels) return;
  dx[i] = dy[i / g.channels * (g.before + g.channels + g.after) + g.before + i % g.channels];
}

}  // namespace

template <class T>
void pad_channels_forward(const Exec& exec, const ChannelPadding& g, const T* x, T* y) {
  const std::int64_t n = g.rows * (g.before + g.channels + g.after);
  if (n > 0)
    launch(exec, {"pad_channels_forward", blocks_for(n, kThreads), kThreads}, pad_channels_forward_kernel<T>, g, x, y);
}

template <class T>
void pad_channels_backward(const Exec& exec, const ChannelPadding& g, const T* dy, T* dx) {
  const std::int64_t n = g.rows * g.channels;
  if (n > 0)
    launch(exec, {"pad_channels_backward", blocks_for(n, kThreads), kThreads}, pad_channels_backward_kernel<T>, g, dy,
           dx);
}

#define SLUICE_INSTANTIATE(T)                                                           \
  template void pad_channels_forward(const Exec&, const ChannelPadding&, const T*, T*); \
  template void pad_channels_backward(const Exec&, const ChannelPadding&, const T*, T*);
SLUICE_INSTANTIATE(float)
SLUICE_INSTANTIATE(BFloat16)

}  // namespace sluice::kernels::cuda
