// SPDX-License-Identifier: Apache-2.0
// What sluice-analyze writes: analysis.json with all of it, the tables of the pictures as CSV, and a summary to read.
#pragma once

#include <filesystem>
#include <vector>

#include "apps/analyze/measure.h"

namespace sluice::apps {

// analysis.json, calibration.csv, landscape_line.csv, landscape_plane.csv. Throws WriteError.
void write_reports(const std::filesystem::path& folder, const std::vector<RunMeasure>& runs);

void print_summary(const std::vector<RunMeasure>& runs);

}  // namespace sluice::apps
