// SPDX-License-Identifier: Apache-2.0
// The outlines of shapes10, in integers.
#pragma once

#include <array>
#include <cstdint>

namespace sluice::data::shapes10 {

inline constexpr int kShapes = 10;
inline constexpr std::array<const char*, kShapes> kShapeNames = {"circle", "ring",  "crescent", "square", "triangle",
                                                                 "star",   "cross", "heart",    "arrow",  "hourglass"};
inline constexpr int kSquare = 3;

// Whether a point lies in a shape, which is centred at 0 and about 1000 in radius; u points right, v down. |u|, |v| <
// 2^14.
bool inside(int shape, std::int32_t u, std::int32_t v);

// sin of an angle in degrees, times 4096: Bhaskara's rational approximation (7th century), good to 0.2 %.
std::int32_t sine(std::int32_t degrees);

// Takes points of the image, in 1/256 pixel, to those of a shape at (x, y) with radii along its own axes, turned.
class Placement {
 public:
  Placement(std::int32_t x, std::int32_t y, std::int32_t radius_u, std::int32_t radius_v, std::int32_t degrees);
  bool covers(int shape, std::int32_t x, std::int32_t y) const;

 private:
  std::int32_t x_, y_;
  std::int64_t u_by_x_, u_by_y_, v_by_x_, v_by_y_;  // times 2^16
};

}  // namespace sluice::data::shapes10
