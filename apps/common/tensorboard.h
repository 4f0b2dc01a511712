// SPDX-License-Identifier: Apache-2.0
// Event files that TensorBoard reads. Sources: the record framing in TensorFlow's
// tensorflow/core/lib/io/record_writer.h; the messages in its core/util/event.proto and core/framework/summary.proto;
// hyperparameters in TensorBoard's plugins/hparams/plugin_data.proto.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <sluice/base/file.h>
#include "apps/common/metrics.h"

namespace sluice::apps {

class EventWriter {
 public:
  // Makes a new event file in the folder. For a run that is resumed after `last_step`, TensorBoard is told to forget
  // what older files say about later steps; 0: a new run. `hyperparameters` are text by name. Throws WriteError.
  EventWriter(const std::filesystem::path& folder, std::int64_t last_step,
              const std::map<std::string, std::string>& hyperparameters = {});

  // The row's numbers as scalars at row.step: loss/train, loss/test, accuracy/train, accuracy/test, flooded_fraction,
  // learning_rate, images_per_second. On the disk when it returns. Throws WriteError.
  void append(const MetricsRow& row);
  // Scalars of any tags at a step, likewise.
  void append(std::int64_t step, const std::vector<std::pair<std::string, double>>& scalars);

 private:
  void write_record(const std::string& message);

  File file_;
};

}  // namespace sluice::apps
