// SPDX-License-Identifier: Apache-2.0
// metrics.csv: one row an epoch, on the disk when append() returns.
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include <sluice/base/file.h>

namespace sluice::apps {

struct MetricsRow {
  std::int64_t epoch = 0;  // counted from 1
  std::int64_t step = 0;   // optimiser steps taken by the end of the epoch
  double train_loss = 0;   // unflooded, nats, mean over the epoch's images
  double train_accuracy = 0;
  double test_loss = 0;
  double test_accuracy = 0;
  double flooded_fraction = 0;  // share of batches below the level
  double learning_rate = 0;     // of the last step
  double images_per_second = 0;
  double seconds = 0;  // since the run began

  friend bool operator==(const MetricsRow&, const MetricsRow&) = default;
};

class MetricsWriter {
 public:
  // Opens the file or makes it. Rows of epochs after `completed_epochs`, which a resumed run will write again, and a
  // last row that was cut off are dropped. Throws WriteError, and IoError for a file that is damaged elsewhere.
  MetricsWriter(const std::filesystem::path& path, std::int64_t completed_epochs);

  // Throws WriteError, after taking a half-written row back.
  void append(const MetricsRow& row);

  // All rows, those of the file first.
  const std::vector<MetricsRow>& rows() const { return rows_; }

 private:
  std::vector<MetricsRow> rows_;
  File file_;
};

// Numbers come back exactly as they were. A last line without its end is one that is being written, and left out.
// Throws IoError naming file, line, column, what was expected and what was found.
std::vector<MetricsRow> read_metrics(const std::filesystem::path& path);

}  // namespace sluice::apps
