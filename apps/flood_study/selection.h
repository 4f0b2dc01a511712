// SPDX-License-Identifier: Apache-2.0
// Which level a study chooses, and what that brings: pairs of the run at the chosen level and the run without flooding
// from the same seed. Test scores are read for the runs that validation chose, and never choose.
#pragma once

#include <functional>
#include <map>
#include <span>
#include <vector>

#include "apps/flood_study/study.h"

namespace sluice::study {

using Results = std::map<RunKey, RunResult>;

// Without early stopping a run is what it is after its last epoch, with it after its epoch of the best validation
// accuracy.
enum class Stopping : unsigned char { without, early };
const EpochRecord& record_at(const RunResult& run, Stopping stopping);

struct Pair {
  std::int64_t seed = 0;
  double level = 0;  // chosen; 0 where validation prefers no flooding
  TestScore baseline, flooded;
};

// One pair for every seed of which all runs are finished. The level is the one with the highest validation accuracy,
// the lowest of equals, as numpy.argmax over an ascending grid has it.
std::vector<Pair> choose_levels(const Results& results, const Grid& grid, const Cell& cell, Stopping stopping);

struct Summary {
  std::int64_t count = 0;
  double mean = 0;       // NaN without values
  double deviation = 0;  // of the sample, n - 1; NaN for fewer than two
  double standard_error() const;
};
Summary summarise(std::span<const double> values);

// The summary of a number of every pair.
Summary summarise(const std::vector<Pair>& pairs, const std::function<double(const Pair&)>& value);

}  // namespace sluice::study
