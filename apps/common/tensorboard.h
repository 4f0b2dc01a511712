// SPDX-License-Identifier: Apache-2.0
// Event files that TensorBoard reads. Sources: the record framing in TensorFlow's
// tensorflow/core/lib/io/record_writer.h, the messages in event.proto.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include <sluice/base/file.h>
#include "apps/common/metrics.h"

namespace sluice::apps {

class EventWriter {
 public:
  // Makes a new event file in the folder. For a run that is resumed after the row of `last_step`, TensorBoard is told
  // to forget what older files say about later steps; 0: a new run. Throws WriteError.
  EventWriter(const std::filesystem::path& folder, std::int64_t last_step);

  // The row's numbers as scalars at row.step: loss/train, loss/test, accuracy/train, accuracy/test, flooded_fraction,
  // learning_rate, images_per_second. On the disk when it returns. Throws WriteError.
  void append(const MetricsRow& row);

 private:
  void write_record(const std::string& message);

  File file_;
};

// CRC-32C (Castagnoli), as in RFC 3720, appendix B.4.
std::uint32_t crc32c(std::span<const std::byte> bytes);

}  // namespace sluice::apps
