// SPDX-License-Identifier: Apache-2.0
// The words of a flooding study: a cell is a data set with a share of wrong labels, a run is one training in a cell at
// one flood level from one seed. Runs of one seed and cell are pairs: they share data, labels and initial weights.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace sluice::study {

struct Cell {
  std::string dataset;
  double noise = 0;  // share of wrong labels, in [0,1]

  auto operator<=>(const Cell&) const = default;
};

struct RunKey {
  Cell cell;
  double level = 0;  // b; 0: no flooding
  std::int64_t seed = 0;

  // "gaussian-noise0.1-level0.05-seed3", also the name of its file.
  std::string name() const;
  auto operator<=>(const RunKey&) const = default;
};

// Which runs a study is made of.
struct Grid {
  std::vector<Cell> cells;
  std::vector<double> levels;  // ascending, 0 among them
  std::int64_t seeds = 0;

  // Whole seeds first, so that a study that is stopped has complete ones.
  std::vector<RunKey> runs() const;
};

// Mean cross entropy in nats, never flooded, and the share of right answers.
struct Score {
  double loss = 0;
  double accuracy = 0;
};

struct TestScore {
  Score given;                // on the labels as they are, wrong ones among them
  double clean_accuracy = 0;  // on the right labels
};

// The state of a run after an epoch.
struct EpochRecord {
  std::int64_t epoch = 0;  // counted from 1
  Score train;             // of the epoch's batches, in train mode, before each step
  double flooded = 0;      // share of its batches below the level
  Score validation;
  std::optional<TestScore> test;  // measured at few epochs only
};

struct RunResult {
  RunKey key;
  EpochRecord last;
  EpochRecord best;                // the first epoch with the highest validation accuracy: early stopping
  double settled_train_loss = 0;   // mean train loss of the last tenth of the epochs
  double settled_flooded = 0;      // mean flooded share of the last fifth
  std::vector<EpochRecord> curve;  // with test scores, at 1, 1.5, 2, 3, 5 and 7 of each decade, and the last
  double seconds = 0;
};

}  // namespace sluice::study
