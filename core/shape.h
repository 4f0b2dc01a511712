// SPDX-License-Identifier: Apache-2.0
// The extents of a tensor, outermost first, e.g. [N,H,W,C]. Lives on the stack: no allocation.
#pragma once

#include <array>
#include <cstdint>
#include <initializer_list>
#include <ostream>
#include <span>
#include <string>

namespace sluice {

class Shape {
 public:
  static constexpr int kMaxRank = 6;

  // Products of any of a shape's extents that are not 0 stay below this, so that no stride or number of bytes
  // overflows.
  static constexpr std::int64_t kMaxSize = std::int64_t{1} << 60;

  Shape() = default;
  // Throws std::invalid_argument for a negative extent, more than kMaxRank of them, or a product beyond kMaxSize.
  Shape(std::initializer_list<std::int64_t> extents);
  explicit Shape(std::span<const std::int64_t> extents);

  int rank() const { return rank_; }
  // Extent of an axis; a negative axis counts from the innermost (-1).
  std::int64_t operator[](int axis) const { return extents_[static_cast<std::size_t>(axis < 0 ? axis + rank_ : axis)]; }
  // Whether extents (of 0 or more) keep to kMaxSize.
  static bool countable(std::span<const std::int64_t> extents);
  // Number of elements; 1 for a scalar (rank 0).
  std::int64_t size() const;
  std::span<const std::int64_t> extents() const { return {extents_.data(), static_cast<std::size_t>(rank_)}; }
  std::string str() const;

  friend bool operator==(const Shape& a, const Shape& b);
  friend std::ostream& operator<<(std::ostream& out, const Shape& shape) { return out << shape.str(); }

 private:
  std::array<std::int64_t, kMaxRank> extents_{};
  int rank_ = 0;
};

}  // namespace sluice
