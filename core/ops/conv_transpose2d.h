// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/core/ops/extent.h>
#include <sluice/core/tape.h>

namespace sluice::ops {

struct ConvTranspose2dOptions {
  Extent2 stride{1, 1};
  Extent2 padding{0, 0};         // rows and columns that are cut off on each side
  Extent2 output_padding{0, 0};  // more at the bottom and on the right; below the stride
  Extent2 dilation{1, 1};
  std::int64_t groups = 1;
};

// The transpose of conv2d: y [N,H,W,C] is what conv2d with this weight would give as the gradient of its input for the
// gradient x [N,P,Q,K] of its result. weight [K,R,S,C/groups] is that of conv2d, with K the channels that come in;
// bias [C] or an undefined Variable. H = (P - 1) stride - 2 padding + dilation (R - 1) + output_padding + 1, W alike.
// Types are those of conv2d. Throws std::invalid_argument, naming what was expected and found, for shapes, types or
// options that don't fit.
Variable conv_transpose2d(const Variable& x, const Variable& weight, const Variable& bias,
                          const ConvTranspose2dOptions& options = {});

}  // namespace sluice::ops
