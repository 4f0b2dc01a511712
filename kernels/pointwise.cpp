// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/pointwise.h>

namespace sluice::kernels {

PointwiseLayout PointwiseLayout::flat(std::int64_t size) {
  PointwiseLayout layout;
  layout.size = size;
  layout.rank = 1;
  layout.extents[0] = size;
  for (auto& strides : layout.strides) strides[0] = 1;
  return layout;
}

bool PointwiseLayout::single(int i) const {
  for (int axis = 0; axis < rank; ++axis)
    if (strides[static_cast<std::size_t>(i)][static_cast<std::size_t>(axis)] != 0) return false;
  return true;
}

PointwiseLayout PointwiseLayout::of(std::span<const std::int64_t> result,
                                    std::span<const std::span<const std::int64_t>> operands) {
  const int rank = static_cast<int>(result.size());
  PointwiseLayout layout;
  std::array<std::array<std::int64_t, kMaxAxes>, kMaxOperands> strides{};
  for (std::size_t o = 0; o < operands.size(); ++o) {
    const int missing = rank - static_cast<int>(operands[o].size());
    std::int64_t stride = 1;
    for (int axis = rank - 1; axis >= missing; --axis) {
      const std::int64_t extent = operands[o][static_cast<std::size_t>(axis - missing)];
      strides[o][static_cast<std::size_t>(axis)] = extent == 1 ? 0 : stride;
      stride *= extent;
    }
  }
  for (std::size_t axis = 0; axis < result.size(); ++axis) {
    const std::int64_t extent = result[axis];
    layout.size *= extent;
    if (extent == 1) continue;
    // An axis continues the one outside of it where every operand moves on by a whole run of it.
    bool continues = layout.rank > 0;
    for (std::size_t o = 0; continues && o < operands.size(); ++o)
      continues = layout.strides[o][static_cast<std::size_t>(layout.rank - 1)] == extent * strides[o][axis];
    if (!continues) ++layout.rank;
    const auto at = static_cast<std::size_t>(layout.rank - 1);
    layout.extents[at] = continues ? layout.extents[at] * extent : extent;
    for (std::size_t o = 0; o < operands.size(); ++o) layout.strides[o][at] = strides[o][axis];
  }
  if (layout.rank == 0) {
    layout.rank = 1;
    layout.extents[0] = 1;
    for (std::size_t o = 0; o < operands.size(); ++o) layout.strides[o][0] = 1;
  }
  return layout;
}

}  // namespace sluice::kernels
