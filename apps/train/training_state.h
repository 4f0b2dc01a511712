// SPDX-License-Identifier: Apache-2.0
// What a checkpoint's training.safetensors holds beside the model, read with every field checked.
#pragma once

#include <cstdint>
#include <filesystem>

#include <sluice/base/exec.h>
#include <sluice/core/archive.h>
#include <sluice/core/ops/meter.h>
#include <sluice/optim/ema.h>
#include <sluice/optim/optimizer.h>

namespace sluice::apps {

// Where a run stands: the next batch to train on. `batch` may be past the epoch's last: its evaluation is still due.
struct Position {
  std::int64_t epoch = 0;
  std::int64_t batch = 0;
  std::int64_t step = 0;     // optimiser steps taken
  double seconds = 0;        // spent in training and evaluation so far
  double epoch_seconds = 0;  // of those, spent on the training batches of this epoch
};

// Of its tensors: the names of the optimiser's and the average's states begin with these.
inline constexpr const char* kOptimizerPrefix = "optimizer.";
inline constexpr const char* kAveragePrefix = "average.";
inline constexpr const char* kMeterName = "meter";

// The place of `archive`, read from `file`, in `epochs` epochs of `batches` batches. Throws IoError that names the file
// for one that is missing or that no such run can be at.
Position position_in(const Archive& archive, const std::filesystem::path& file, std::int64_t epochs,
                     std::int64_t batches);
// The processor threads that it was trained with. Throws the same.
int threads_in(const Archive& archive, const std::filesystem::path& file);

// Throws IoError that names the file for states of other names or shapes; optimizer and average are unchanged then, or
// whole. `average` may be null.
void load_training_state(const Archive& archive, const std::filesystem::path& file, optim::Optimizer& optimizer,
                         optim::ExponentialMovingAverage* average, TrainingMeter& meter, Device device);

}  // namespace sluice::apps
