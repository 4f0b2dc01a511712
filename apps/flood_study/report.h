// SPDX-License-Identifier: Apache-2.0
// What a study found, as text.
#pragma once

#include <string>

#include "apps/flood_study/options.h"
#include "apps/flood_study/selection.h"

namespace sluice::study {

// Markdown that reads well as it is: the paper's columns, ours above the paper's own row, then the paired differences.
std::string table_text(const StudyOptions& options, const Results& results);

// The rows of acceptance.h as Markdown; synthetic studies only.
std::string acceptance_text(const StudyOptions& options, const Results& results);

// One line a run, after a heading; the same bytes whatever the number of jobs.
std::string csv_text(const Results& results);

}  // namespace sluice::study
