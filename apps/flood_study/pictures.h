// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

#include "apps/flood_study/options.h"
#include "apps/flood_study/selection.h"

namespace sluice::study {

// Draws into `folder`: learning_curves.svg (with and without flooding, a panel a cell), test_by_level.svg (loss and
// accuracy against the level), chosen_level.svg (against the share of wrong labels, beside the paper's) and
// double_descent.svg (test loss by epoch at several levels). Lines are means over the seeds; bands, by level, one
// standard deviation.
void draw_study(const std::filesystem::path& folder, const StudyOptions& options, const Results& results);

}  // namespace sluice::study
