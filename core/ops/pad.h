// SPDX-License-Identifier: Apache-2.0
// Borders around images and channels. All throw std::invalid_argument for negative counts and shapes that don't fit.
#pragma once

#include <sluice/core/tape.h>

namespace sluice::ops {

// What a border holds: a constant; the image mirrored at its outermost pixel, which is not repeated (a border is
// narrower than the image); or the outermost pixel.
enum class PadMode : unsigned char { constant, reflect, replicate };

// Pixels on each side.
struct Border {
  std::int64_t top = 0, bottom = 0, left = 0, right = 0;
};

// x [N,H,W,C] to [N,top+H+bottom,left+W+right,C]. `value` is the constant.
Variable pad(const Variable& x, const Border& border, PadMode mode = PadMode::constant, double value = 0);

// x [...,C] with `before` and `after` channels of zeros around: [...,before+C+after]. The shortcut of ResNet's option A
// (He et al., "Deep residual learning", 2016, section 3.3) with avg_pool2d of kernel 1.
Variable pad_channels(const Variable& x, std::int64_t before, std::int64_t after);

}  // namespace sluice::ops
