// SPDX-License-Identifier: Apache-2.0
#include "apps/train/training_state.h"

#include <fmt/format.h>

#include <cmath>
#include <optional>
#include <string>
#include <vector>

#include <sluice/base/number.h>

namespace sluice::apps {
namespace {

std::vector<NamedTensor> with_prefix(const Archive& archive, const std::string& prefix) {
  std::vector<NamedTensor> found;
  for (const NamedTensor& entry : archive.tensors)
    if (entry.name.starts_with(prefix)) found.push_back({entry.name.substr(prefix.size()), entry.tensor});
  return found;
}

// A number among the metadata of a checkpoint.
template <class T>
T number_of(const Archive& archive, const std::string& key, const std::filesystem::path& file) {
  const auto found = archive.metadata.find(key);
  if (found != archive.metadata.end())
    if (const std::optional<T> number = parse_number<T>(found->second)) return *number;
  throw IoError(fmt::format("{}: expected a number under '{}' in the metadata, found {}", file.string(), key,
                            found == archive.metadata.end() ? "nothing" : "'" + found->second.substr(0, 100) + "'"));
}

}  // namespace

Position position_in(const Archive& archive, const std::filesystem::path& file, std::int64_t epochs,
                     std::int64_t batches) {
  const Position position{.epoch = number_of<std::int64_t>(archive, "epoch", file),
                          .batch = number_of<std::int64_t>(archive, "batch", file),
                          .step = number_of<std::int64_t>(archive, "step", file),
                          .seconds = number_of<double>(archive, "seconds", file),
                          .epoch_seconds = number_of<double>(archive, "epoch_seconds", file)};
  const bool possible = position.epoch >= 0 && position.epoch <= epochs && position.batch >= 0 &&
                        position.batch <= batches && position.step == position.epoch * batches + position.batch &&
                        position.seconds >= 0 && position.epoch_seconds >= 0 && std::isfinite(position.seconds) &&
                        std::isfinite(position.epoch_seconds);
  if (!possible)
    throw IoError(fmt::format("{}: expects a place in {} epochs of {} batches, found epoch {}, batch {}, step {}",
                              file.string(), epochs, batches, position.epoch, position.batch, position.step));
  return position;
}

int threads_in(const Archive& archive, const std::filesystem::path& file) {
  return number_of<int>(archive, "threads", file);
}

void load_training_state(const Archive& archive, const std::filesystem::path& file, optim::Optimizer& optimizer,
                         optim::ExponentialMovingAverage* average, TrainingMeter& meter, Device device) {
  try {
    optimizer.load_state(with_prefix(archive, kOptimizerPrefix));
    if (average != nullptr) average->load_state(with_prefix(archive, kAveragePrefix));
    meter.load_state({});
    for (const NamedTensor& entry : archive.tensors)
      if (entry.name == kMeterName) meter.load_state(entry.tensor.to(device));
  } catch (const std::invalid_argument& error) {
    throw IoError(fmt::format("{}: {}", file.string(), error.what()));
  }
}

}  // namespace sluice::apps
