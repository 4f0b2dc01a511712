// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <ostream>

namespace sluice::ops {

// A size or a step in the plane of an image.
struct Extent2 {
  std::int64_t height = 0;
  std::int64_t width = 0;

  friend bool operator==(const Extent2&, const Extent2&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Extent2& extent) {
    return out << extent.height << "x" << extent.width;
  }
};

}  // namespace sluice::ops
