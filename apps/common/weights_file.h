// SPDX-License-Identifier: Apache-2.0
// Which file of weights a path stands for: one answer for all programs that read runs.
#pragma once

#include <filesystem>
#include <string>

namespace sluice::apps {

struct WeightsFile {
  std::filesystem::path path;
  bool averaged = false;  // of the exponential moving average

  // "averaged weights of runs/a/checkpoints/step-000000012"; for a file its path.
  std::string description() const;
};

// A run folder stands for its newest checkpoint, a checkpoint folder for what the run evaluated there: the moving
// average of the weights where it has one, else the weights; a file for itself. Throws IoError for a file that is not
// there, CheckpointError for a folder that is not there or holds no checkpoint.
WeightsFile weights_file(const std::filesystem::path& given);

}  // namespace sluice::apps
