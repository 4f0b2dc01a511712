// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <functional>

#include "apps/flood_study/options.h"
#include "apps/flood_study/task.h"

namespace sluice::study {

// Trains one run from its initial weights to the last epoch. `epoch_done` is called after every epoch. Throws
// NumericError, naming the epoch, for a loss that is not finite.
RunResult train_run(Task& task, const StudyOptions& options, const RunKey& key,
                    const std::function<void()>& epoch_done);

// Whether the curve of a run of `epochs` epochs has a test score after epoch `epoch`, counted from 1.
bool is_curve_epoch(std::int64_t epoch, std::int64_t epochs);

}  // namespace sluice::study
