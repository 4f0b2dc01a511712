// SPDX-License-Identifier: Apache-2.0
// Images x [N,H,W,C] with other numbers of rows and columns, in f32, bf16 or f64; kernels/resample.h has the formulas.
// All throw std::invalid_argument, naming the operation, for other shapes, sizes below 1 and extents above 32768.
#pragma once

#include <sluice/core/ops/extent.h>
#include <sluice/core/tape.h>

namespace sluice::ops {

// y [N,height,width,C]: result p along an axis of E places is the mean, or the largest, of places floor(p E / P) to
// ceil((p+1) E / P) - 1. The largest gives its gradient to the first of equals.
Variable adaptive_avg_pool2d(const Variable& x, Extent2 size);
Variable adaptive_max_pool2d(const Variable& x, Extent2 size);

struct InterpolateOptions {
  // The pixel in which a result lies, or the four around it by their distances.
  enum class Mode : unsigned char { nearest, bilinear } mode = Mode::nearest;
  // Where the image begins and ends: at the centers of its outermost pixels, or at their outer edges. Bilinear only.
  bool align_corners = false;
};
Variable interpolate(const Variable& x, Extent2 size, const InterpolateOptions& options = {});

}  // namespace sluice::ops
