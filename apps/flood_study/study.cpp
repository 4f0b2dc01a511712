// SPDX-License-Identifier: Apache-2.0
#include "apps/flood_study/study.h"

#include <fmt/format.h>

namespace sluice::study {

std::string RunKey::name() const {
  return fmt::format("{}-noise{}-level{}-seed{}", cell.dataset, cell.noise, level, seed);
}

std::vector<RunKey> Grid::runs() const {
  std::vector<RunKey> all;
  for (std::int64_t seed = 0; seed < seeds; ++seed)
    for (const Cell& cell : cells)
      for (const double level : levels) all.push_back({cell, level, seed});
  return all;
}

}  // namespace sluice::study
