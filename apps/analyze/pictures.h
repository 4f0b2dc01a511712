// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>
#include <vector>

#include "apps/analyze/measure.h"

namespace sluice::apps {

// reliability.svg, landscape_line.svg, gradient_norms.svg and a landscape_plane-<run>.svg each, of what was measured.
// As draw_picture: a warning where one can't be drawn.
void draw_pictures(const std::filesystem::path& folder, const std::vector<RunMeasure>& runs);

}  // namespace sluice::apps
