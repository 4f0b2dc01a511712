// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/shape.h>

#include <algorithm>

#include <sluice/base/error.h>

namespace sluice {

Shape::Shape(std::initializer_list<std::int64_t> extents) : Shape(std::span(extents.begin(), extents.size())) {}

Shape::Shape(std::span<const std::int64_t> extents) : rank_(static_cast<int>(extents.size())) {
  require(extents.size() <= kMaxRank, "shape", "expects at most ", kMaxRank, " axes, got ", extents.size());
  for (std::size_t axis = 0; axis < extents.size(); ++axis) {
    require(extents[axis] >= 0, "shape", "expects extents of 0 or more, got ", extents[axis], " on axis ", axis);
    extents_[axis] = extents[axis];
  }
  require(countable(extents), "shape", "expects extents of a product below 2^60, got ", str());
}

bool Shape::countable(std::span<const std::int64_t> extents) {
  std::int64_t product = 1;
  for (const std::int64_t extent : extents)
    if (extent > 0 && (__builtin_mul_overflow(product, extent, &product) || product >= kMaxSize)) return false;
  return true;
}

std::int64_t Shape::size() const {
  std::int64_t product = 1;
  for (const std::int64_t extent : extents()) product *= extent;
  return product;
}

std::string Shape::str() const {
  std::string text = "[";
  for (int axis = 0; axis < rank_; ++axis) text += (axis == 0 ? "" : ",") + std::to_string((*this)[axis]);
  return text + "]";
}

bool operator==(const Shape& a, const Shape& b) { return std::ranges::equal(a.extents(), b.extents()); }

}  // namespace sluice
