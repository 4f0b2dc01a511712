// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "apps/flood_study/options.h"

namespace sluice::study {

// Trains what is not finished of the grid, then reports. Returns an exit code of apps/common/exit_codes.h: interrupted
// where a signal came, numeric where the loss of a run was not finite (the others are trained all the same), and the
// code of the first worker that failed in another way, which ends the study. Runs that are finished stay finished.
int run_study(const StudyOptions& options);

}  // namespace sluice::study
