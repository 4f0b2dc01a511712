// SPDX-License-Identifier: Apache-2.0
#include "apps/flood_study/selection.h"

#include <algorithm>
#include <cmath>

namespace sluice::study {

const EpochRecord& record_at(const RunResult& run, Stopping stopping) {
  return stopping == Stopping::early ? run.best : run.last;
}

std::vector<Pair> choose_levels(const Results& results, const Grid& grid, const Cell& cell, Stopping stopping) {
  std::vector<Pair> pairs;
  for (std::int64_t seed = 0; seed < grid.seeds; ++seed) {
    const auto finished = [&](double level) { return results.contains({cell, level, seed}); };
    if (!std::ranges::all_of(grid.levels, finished)) continue;
    const auto at = [&](double level) -> const EpochRecord& {
      return record_at(results.at({cell, level, seed}), stopping);
    };
    const double chosen =
        *std::ranges::max_element(grid.levels, {}, [&](double level) { return at(level).validation.accuracy; });
    pairs.push_back({seed, chosen, *at(0).test, *at(chosen).test});
  }
  return pairs;
}

double Summary::standard_error() const { return deviation / std::sqrt(static_cast<double>(count)); }

Summary summarise(std::span<const double> values) {
  const auto count = static_cast<double>(values.size());
  double mean = 0, squares = 0;
  for (const double value : values) mean += value / count;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {static_cast<std::int64_t>(values.size()), values.empty() ? NAN : mean,
          values.size() < 2 ? NAN : std::sqrt(squares / (count - 1))};
}

Summary summarise(const std::vector<Pair>& pairs, const std::function<double(const Pair&)>& value) {
  std::vector<double> values;
  for (const Pair& pair : pairs) values.push_back(value(pair));
  return summarise(values);
}

}  // namespace sluice::study
