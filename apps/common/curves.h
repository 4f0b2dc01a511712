// SPDX-License-Identifier: Apache-2.0
// A picture of one or more runs, drawn by gnuplot: losses with the flood level on the left, accuracies on the right.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "apps/common/metrics.h"

namespace sluice::apps {

struct CurveRun {
  std::string label;  // "flooded at 0.5"; not shown where there is one run only
  std::vector<MetricsRow> rows;
  std::vector<double> flood_levels;  // one a row; 0, or none at all: not flooded
};

// Draws `picture`, an .svg or .png by its extension. A picture is never worth a run: where gnuplot is absent or fails,
// a warning line goes to stderr, an older picture stays, and the result is false.
bool draw_curves(const std::filesystem::path& picture, const std::string& title, const std::vector<CurveRun>& runs);

}  // namespace sluice::apps
