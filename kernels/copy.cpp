// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/copy.h>

#include <algorithm>
#include <cstdlib>
#include <span>

namespace sluice::kernels {

std::int64_t CopyPlan::size() const {
  std::int64_t product = 1;
  for (const Axis& axis : std::span(axes).first(static_cast<std::size_t>(rank))) product *= axis.extent;
  return product;
}

CopyPlan CopyPlan::merged() const {
  CopyPlan sorted;
  for (const Axis& axis : std::span(axes).first(static_cast<std::size_t>(rank)))
    if (axis.extent != 1) sorted.axes[static_cast<std::size_t>(sorted.rank++)] = axis;
  const auto kept = std::span(sorted.axes).first(static_cast<std::size_t>(sorted.rank));
  std::ranges::stable_sort(kept, [](const Axis& a, const Axis& b) { return std::abs(a.to) > std::abs(b.to); });
  CopyPlan result;
  for (const Axis& axis : kept) {
    if (result.rank > 0) {
      Axis& outer = result.axes[static_cast<std::size_t>(result.rank - 1)];
      if (outer.from == axis.from * axis.extent && outer.to == axis.to * axis.extent) {
        outer = {outer.extent * axis.extent, axis.from, axis.to};
        continue;
      }
    }
    result.axes[static_cast<std::size_t>(result.rank++)] = axis;
  }
  if (result.rank == 0) {
    result.rank = 1;
    result.axes[0] = {.extent = 1, .from = 1, .to = 1};
  }
  return result;
}

int CopyPlan::transposed_axis() const {
  constexpr std::int64_t least = 8;
  const Axis& innermost = axes[static_cast<std::size_t>(rank - 1)];
  if (innermost.to != 1 || innermost.from == 0 || std::abs(innermost.from) == 1 || innermost.extent < least) return -1;
  for (int k = 0; k < rank - 1; ++k)
    if (axes[static_cast<std::size_t>(k)].from == 1 && axes[static_cast<std::size_t>(k)].extent >= least) return k;
  return -1;
}

}  // namespace sluice::kernels
