// SPDX-License-Identifier: Apache-2.0
// Pooling of images x [N,H,W,C] in f32, bf16 or f64. kernels/pool.h has the formulas.
#pragma once

#include <sluice/core/ops/extent.h>
#include <sluice/core/tape.h>

namespace sluice::ops {

struct Pool2dOptions {
  Extent2 kernel{2, 2};
  Extent2 stride{2, 2};
  Extent2 padding{0, 0};  // on each side; at most half the kernel
};

// y [N,P,Q,C], P = floor((H + 2 padding - kernel) / stride) + 1. Padding never is the maximum; the gradient goes to the
// first of equal elements. Throws std::invalid_argument for options or an image that don't fit, and for a kernel of
// more than 256 elements.
Variable max_pool2d(const Variable& x, const Pool2dOptions& options = {});

// The mean over each window, padding counted as zeros (PyTorch's count_include_pad=True). Kernel 1 with stride 2 picks
// every second position.
Variable avg_pool2d(const Variable& x, const Pool2dOptions& options = {});

// The mean over H and W: y [N,C].
Variable global_average_pool(const Variable& x);

}  // namespace sluice::ops
