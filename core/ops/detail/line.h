// SPDX-License-Identifier: Apache-2.0
// Lines of a tensor along one of its axes.
#pragma once

#include <sluice/core/strided_view.h>

namespace sluice::ops::detail {

// A tensor as [outer, extent, inner] around its axis number `axis`, in [0, rank).
struct Lines {
  std::int64_t outer = 1, extent = 1, inner = 1;
  int axis = 0;
};

// Throws std::invalid_argument in the name of `op` for an axis that is not there.
inline Lines lines_of(const char* op, const Shape& shape, int axis) {
  Lines lines{.axis = checked_axis(op, axis, shape.rank())};
  lines.extent = shape[lines.axis];
  for (int k = 0; k < lines.axis; ++k) lines.outer *= shape[k];
  for (int k = lines.axis + 1; k < shape.rank(); ++k) lines.inner *= shape[k];
  return lines;
}

}  // namespace sluice::ops::detail
