// SPDX-License-Identifier: Apache-2.0
#include <sluice/emulator/shadow.h>

namespace sluice::emulator {

Shadow::Shadow(std::size_t bytes) : bytes_(bytes) { reset(); }

void Shadow::reset() {
  grain_bits_ = kWidest;
  cells_.assign((bytes_ + grain() - 1) >> grain_bits_, Cell{});
}

void Shadow::refine(std::size_t offset, std::size_t bytes) {
  unsigned bits = grain_bits_;
  // The last cell may stick out of the memory.
  const bool to_the_end = offset + bytes == bytes_;
  const std::size_t ends = offset | (to_the_end ? 0 : bytes);
  while (bits > 0 && (ends & ((std::size_t{1} << bits) - 1)) != 0) --bits;
  if (bits == grain_bits_) return;
  const unsigned shift = grain_bits_ - bits;
  std::vector<Cell> finer((bytes_ + (std::size_t{1} << bits) - 1) >> bits);
  for (std::size_t i = 0; i < finer.size(); ++i) finer[i] = cells_[i >> shift];
  cells_ = std::move(finer);
  grain_bits_ = bits;
}

void Shadow::set_initialised(std::size_t offset, std::size_t bytes) {
  for (Cell& cell : cells(offset, bytes)) cell.initialised = true;
}

}  // namespace sluice::emulator
