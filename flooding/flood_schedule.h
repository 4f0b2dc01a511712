// SPDX-License-Identifier: Apache-2.0
// The flood level as a function of the epoch.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

namespace sluice {

// Written as one level for all epochs, "0.05", or as a list of epoch:level, epochs counted from 0 and ascending:
//   "0:0.1,20:0.05"            0.1 in epochs 0 to 19, 0.05 from epoch 20 on
//   "0:0.1..20:0.05"           from 0.1 to 0.05 along a straight line, and 0.05 from epoch 20 on
//   "5:0.1,20:0.1..30:0,80:1"  0 before epoch 5, 0.1 to epoch 20, down to 0 at epoch 30, 1 from epoch 80 on
// A comma holds the level until the next epoch named, two dots draw a line to it. Level 0 is no flooding.
class FloodSchedule {
 public:
  // Level 0 in every epoch.
  FloodSchedule() = default;
  // Throws std::invalid_argument where the level is negative, infinite or NaN.
  explicit FloodSchedule(double level);
  // Throws std::invalid_argument with the part that can't be read and what was expected. Blanks are not allowed.
  static FloodSchedule parse(std::string_view text);

  // Throws std::invalid_argument for a negative epoch.
  double level_at(std::int64_t epoch) const;

 private:
  enum class Until : unsigned char { next_holds, next_line };
  struct Point {
    std::int64_t epoch = 0;
    double level = 0;
    Until until = Until::next_holds;
  };
  std::vector<Point> points_;
};

}  // namespace sluice
