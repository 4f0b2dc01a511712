// SPDX-License-Identifier: Apache-2.0
// What the checker knows of a piece of memory: for each cell who wrote and who read it last, and whether it holds a
// value. A cell is as wide as the narrowest access so far, 16 bytes at first: a buffer has one element type, and wide
// cells are fewer.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include <sluice/emulator/clocks.h>

namespace sluice::emulator {

struct Cell {
  Epoch write = 0;
  // The first and the last reader that are not ordered with each other; those between are not kept.
  Epoch read = 0, other_read = 0;
  std::uint32_t write_place = 0, read_place = 0, other_read_place = 0;
  bool initialised = false;
  bool copy_pending = false;  // a cp.async to it was not waited for
  bool atomic = false;        // the last write was an atomic access
};

class Shadow {
 public:
  explicit Shadow(std::size_t bytes);

  // The cells of [offset, offset + bytes), bytes > 0, inside.
  std::span<Cell> cells(std::size_t offset, std::size_t bytes) {
    const std::size_t ends = offset | bytes;
    if ((ends & (grain() - 1)) != 0) refine(offset, bytes);
    return {cells_.data() + (offset >> grain_bits_), (bytes + grain() - 1) >> grain_bits_};
  }
  std::size_t grain() const { return std::size_t{1} << grain_bits_; }
  // Forgets everything, the cells' width too.
  void reset();
  void set_initialised(std::size_t offset, std::size_t bytes);

 private:
  void refine(std::size_t offset, std::size_t bytes);

  static constexpr unsigned kWidest = 4;  // 2^4 bytes
  std::size_t bytes_;
  unsigned grain_bits_ = kWidest;
  std::vector<Cell> cells_;
};

}  // namespace sluice::emulator
