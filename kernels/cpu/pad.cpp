// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/pad.h>

#include <sluice/kernels/cpu/parallel.h>

namespace sluice::kernels::cpu {
namespace {

template <class T>
void forward_rows(const ChannelPadding& padding, std::int64_t begin, std::int64_t end, const T* x, T* y) {
  const std::int64_t width = padding.before + padding.channels + padding.after;
  for (std::int64_t i = begin; i < end; ++i) {
    T* to = y + i * width;
    to = std::fill_n(to, padding.before, T(0.0f));
    to = std::copy_n(x + i * padding.channels, padding.channels, to);
    std::fill_n(to, padding.after, T(0.0f));
  }
}

template <class T>
void backward_rows(const ChannelPadding& padding, std::int64_t begin, std::int64_t end, const T* dy, T* dx) {
  const std::int64_t width = padding.before + padding.channels + padding.after;
  for (std::int64_t i = begin; i < end; ++i)
    std::copy_n(dy + i * width + padding.before, padding.channels, dx + i * padding.channels);
}

std::int64_t grain_of(const ChannelPadding& padding) {
  return std::max<std::int64_t>(
      1, kElementGrain / std::max<std::int64_t>(1, padding.before + padding.channels + padding.after));
}

}  // namespace

template <class T>
void pad_channels_forward(const Exec&, const ChannelPadding& padding, const T* x, T* y) {
  parallel_for(padding.rows, grain_of(padding),
               [=, &padding](std::int64_t begin, std::int64_t end) { forward_rows(padding, begin, end, x, y); });
}

template <class T>
void pad_channels_backward(const Exec&, const ChannelPadding& padding, const T* dy, T* dx) {
  parallel_for(padding.rows, grain_of(padding),
               [=, &padding](std::int64_t begin, std::int64_t end) { backward_rows(padding, begin, end, dy, dx); });
}

#define SLUICE_INSTANTIATE(T)                                                           \
  template void pad_channels_forward(const Exec&, const ChannelPadding&, const T*, T*); \
  template void pad_channels_backward(const Exec&, const ChannelPadding&, const T*, T*);
SLUICE_INSTANTIATE(float)
SLUICE_INSTANTIATE(BFloat16)
SLUICE_INSTANTIATE(double)

}  // namespace sluice::kernels::cpu
