// SPDX-License-Identifier: Apache-2.0
// Zeros around the channels, x [rows,C] to y [rows,before+C+after], and back. A thread has a pack of the result, packs
// being no wider than before, C and after can be cut into. Bound by bytes: x read once, y written once.
#include <sluice/kernels/pad.h>

#include <sluice/kernels/cuda/packs.h>

namespace sluice::kernels::cuda {
namespace {

// `first` is where in a line of y the channels of x begin, `length` the packs of a line of y, `inner` of x.
template <class T, int width, class Index>
__global__ void __launch_bounds__(kPackThreads)
    pad_channels_forward_kernel(Index all, Index length, Index first, Index inner, const T* x, T* y) {
  const Index i = global_thread<Index>();
  if (i >= all) return;
  const Index row = i / length, place = i % length;
  Pack<T, width> values;
  if (place >= first && place - first < inner)
    values = load_pack<T, width>(x, static_cast<std::int64_t>(row * inner + (place - first)) * width);
  else
    UNROLL for (int c = 0; c < width; ++c) values[c] = from_float<T>(0.0f);
  store_pack(y, static_cast<std::int64_t>(i) * width, values);
}

template <class T, int width, class Index>
__global__ void __launch_bounds__(kPackThreads)
    pad_channels_backward_kernel(Index all, Index length, Index first, Index inner, const T* dy, T* dx) {
  const Index i = global_thread<Index>();
  if (i >= all) return;
  const Index from = i / inner * length + first + i % inner;
  store_pack(dx, static_cast<std::int64_t>(i) * width,
             load_pack<T, width>(dy, static_cast<std::int64_t>(from) * width));
}

// Divides whatever `before`, C and `after` have in common with a pack.
std::int64_t common_channels(const ChannelPadding& padding) {
  return padding.before | padding.channels | padding.after;
}

}  // namespace

template <class T>
void pad_channels_forward(const Exec& exec, const ChannelPadding& padding, const T* x, T* y) {
  const std::int64_t length = padding.before + padding.channels + padding.after;
  if (padding.rows * length == 0) return;
  with_packs<T>(
      common_channels(padding), padding.rows * length,
      [&]<int width, class Index>(std::integral_constant<int, width>, Index) {
        const std::int64_t all = padding.rows * length / width;
        launch(exec, {"pad_channels_forward", blocks_for(all, kPackThreads), kPackThreads},
               pad_channels_forward_kernel<T, width, Index>, all, length / width, padding.before / width,
               padding.channels / width, x, y);
      },
      x, y);
}

template <class T>
void pad_channels_backward(const Exec& exec, const ChannelPadding& padding, const T* dy, T* dx) {
  const std::int64_t length = padding.before + padding.channels + padding.after;
  if (padding.rows * padding.channels == 0) return;
  with_packs<T>(
      common_channels(padding), padding.rows * length,
      [&]<int width, class Index>(std::integral_constant<int, width>, Index) {
        const std::int64_t all = padding.rows * padding.channels / width;
        launch(exec, {"pad_channels_backward", blocks_for(all, kPackThreads), kPackThreads},
               pad_channels_backward_kernel<T, width, Index>, all, length / width, padding.before / width,
               padding.channels / width, dy, dx);
      },
      dy, dx);
}

#define SLUICE_INSTANTIATE(T)                                                           \
  template void pad_channels_forward(const Exec&, const ChannelPadding&, const T*, T*); \
  template void pad_channels_backward(const Exec&, const ChannelPadding&, const T*, T*);
SLUICE_INSTANTIATE(float)
SLUICE_INSTANTIATE(BFloat16)

}  // namespace sluice::kernels::cuda
