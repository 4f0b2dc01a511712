// SPDX-License-Identifier: Apache-2.0
// The final tables of the paper (Ishida, Yamane, Sakai, Niu and Sugiyama, ICML 2020), read by eye from pictures of
// them; the paper's text was not at hand.
#pragma once

#include <optional>

#include "apps/flood_study/options.h"

namespace sluice::study {

struct PaperValue {
  double mean = 0;  // accuracy in percent, or a level
  std::optional<double> deviation;
};

struct PaperHalf {
  PaperValue without;
  std::optional<PaperValue> with;  // absent where the paper has a dash
  std::optional<PaperValue> level;
};

struct PaperRow {
  PaperHalf last_epoch;  // without early stopping
  PaperHalf early_stopping;
};

// The row that a cell repeats; nothing where the paper has none like it. Reduced epochs, points or seeds are not looked
// at: the reader must.
std::optional<PaperRow> paper_row(const StudyOptions& options, const Cell& cell);

}  // namespace sluice::study
