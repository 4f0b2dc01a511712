// SPDX-License-Identifier: Apache-2.0
// The paper's synthetic experiments (Ishida et al., ICML 2020, section 4.1): data/synthetic.h and mlp_paper, a network
// of four hidden layers of 500 with batch norm, as the authors' repository has it.
#pragma once

#include "apps/flood_study/options.h"
#include "apps/flood_study/task.h"

namespace sluice::study {

// Labels are wrong in all three parts, as the paper's accuracies imply; the test's score knows the right ones too.
std::unique_ptr<Task> make_synthetic_task(const StudyOptions& options, const Cell& cell, std::int64_t seed);

}  // namespace sluice::study
