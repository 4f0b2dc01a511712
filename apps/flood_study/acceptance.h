// SPDX-License-Identifier: Apache-2.0
// What a faithful repetition of the paper's synthetic experiments must show, as rules that were fixed before any run,
// and whether a study shows it. docs/flooding.md explains the rows. S0, exact algebra, is the tests' (flood_test).
#pragma once

#include <string>
#include <vector>

#include "apps/flood_study/options.h"
#include "apps/flood_study/selection.h"

namespace sluice::study {

enum class Verdict : unsigned char { pass, fail, not_run };

struct AcceptanceRow {
  std::string name;   // "S3"
  std::string claim;  // and the rule
  Verdict verdict = Verdict::not_run;
  std::string figure;
};

// S1 to S9 over the cells of the study; a row whose cells are not among them was not run.
std::vector<AcceptanceRow> acceptance(const StudyOptions& options, const Results& results);

}  // namespace sluice::study
