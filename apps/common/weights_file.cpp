// SPDX-License-Identifier: Apache-2.0
#include "apps/common/weights_file.h"

#include <fmt/format.h>

#include "apps/common/exit_codes.h"
#include "apps/common/run_folder.h"

namespace sluice::apps {
namespace {

constexpr const char* kWeights = "model.safetensors";
constexpr const char* kAverage = "average.safetensors";

WeightsFile in_checkpoint(const std::filesystem::path& folder) {
  const bool averaged = exists(folder / kAverage);
  return {folder / (averaged ? kAverage : kWeights), averaged};
}

}  // namespace

std::string WeightsFile::description() const {
  if (path.filename() != kWeights && path.filename() != kAverage) return path.string();
  return fmt::format("{} of {}", averaged ? "averaged weights" : "weights", path.parent_path().string());
}

WeightsFile weights_file(const std::filesystem::path& given) {
  if (is_directory(given)) {
    if (exists(given / kWeights)) return in_checkpoint(given);
    if (const auto latest = RunFolder::latest_checkpoint(given)) return in_checkpoint(*latest);
    throw CheckpointError(
        fmt::format("{} holds no checkpoint; expected {} or checkpoints/step-* in it", given.string(), kWeights));
  }
  if (exists(given)) return {given, given.filename() == kAverage};
  if (given.extension() == ".safetensors") throw IoError(fmt::format("there is no file {}", given.string()));
  throw CheckpointError(fmt::format("there is no file or run folder {}", given.string()));
}

}  // namespace sluice::apps
