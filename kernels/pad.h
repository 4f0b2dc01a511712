// SPDX-License-Identifier: Apache-2.0
// Zeros around the channels: x [rows,C] to y [rows,before+C+after]. Bound by bytes: x read once, y written once.
#pragma once

#include <cstdint>

#include <sluice/base/exec.h>
#include <sluice/base/types.h>

namespace sluice::kernels {

struct ChannelPadding {
  std::int64_t rows = 0;
  std::int64_t channels = 0;  // C, of x
  std::int64_t before = 0;
  std::int64_t after = 0;
};

#define SLUICE_PAD_KERNELS                                                         \
  template <class T>                                                               \
  void pad_channels_forward(const Exec&, const ChannelPadding&, const T* x, T* y); \
  /* dx [rows,C]: the channels of dy that came from x. */                          \
  template <class T>                                                               \
  void pad_channels_backward(const Exec&, const ChannelPadding&, const T* dy, T* dx);

namespace cpu {
SLUICE_PAD_KERNELS
}
namespace cuda {
SLUICE_PAD_KERNELS
}
#undef SLUICE_PAD_KERNELS

}  // namespace sluice::kernels
