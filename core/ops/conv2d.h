// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/core/ops/batch_moments.h>
#include <sluice/core/ops/extent.h>
#include <sluice/core/tape.h>

namespace sluice::ops {

struct Conv2dOptions {
  Extent2 stride{1, 1};
  Extent2 padding{0, 0};  // zeros on each side
  Extent2 dilation{1, 1};
  std::int64_t groups = 1;
};

// y [N,P,Q,K] from x [N,H,W,C] in f32, bf16 or f64, weight [K,R,S,C/groups] and bias [K] (or an undefined Variable) in
// the parameter type beside x. P = floor((H + 2 padding - dilation (R - 1) - 1) / stride) + 1, Q alike. Throws
// std::invalid_argument, naming what was expected and found, for shapes, types or options that don't fit. `moments`,
// where it is given, receives those of y if the device's algorithm has them at hand as it writes y.
Variable conv2d(const Variable& x, const Variable& weight, const Variable& bias, const Conv2dOptions& options = {},
                BatchMoments* moments = nullptr);

}  // namespace sluice::ops
