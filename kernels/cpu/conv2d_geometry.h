// SPDX-License-Identifier: Apache-2.0
// Where the positions and taps of a convolution meet.
#pragma once

#include <sluice/kernels/conv2d.h>

namespace sluice::kernels::cpu {

struct Conv2dGeometry : Conv2dShape {
  std::int64_t in_group = in_channels / window.groups, out_group = out_channels / window.groups;

  explicit Conv2dGeometry(const Conv2dShape& shape) : Conv2dShape(shape) {}
  // Where result (p or q) meets tap (r or s) along its axis; may lie outside of the image.
  std::int64_t row(std::int64_t p, std::int64_t r) const {
    return p * window.stride_height + r * window.dilation_height - window.padding_height;
  }
  std::int64_t column(std::int64_t q, std::int64_t s) const {
    return q * window.stride_width + s * window.dilation_width - window.padding_width;
  }
  bool has_row(std::int64_t h) const { return h >= 0 && h < height; }
  bool has_column(std::int64_t w) const { return w >= 0 && w < width; }
};

}  // namespace sluice::kernels::cpu
