// SPDX-License-Identifier: Apache-2.0
// One training run: data, model and optimiser by the options, the loop over epochs, and the run folder that it fills.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "apps/common/evaluate.h"
#include "apps/common/metrics.h"
#include "apps/common/run_folder.h"
#include "apps/train/options.h"
#include "core/flood_schedule.h"
#include "core/ops/meter.h"
#include "data/datasets.h"
#include "data/loader.h"
#include "nn/module.h"
#include "optim/ema.h"
#include "optim/optimizer.h"
#include "optim/schedule.h"

namespace sluice::apps {

// Where a run stands: the next batch to train on. `batch` may be past the epoch's last: its evaluation is still due.
struct Position {
  std::int64_t epoch = 0;
  std::int64_t batch = 0;
  std::int64_t step = 0;     // optimiser steps taken
  double seconds = 0;        // spent in training and evaluation so far
  double epoch_seconds = 0;  // of `seconds`, spent in training batches of this epoch
};

class Trainer {
 public:
  // Loads data, builds the model and opens the run folder; continues at its newest checkpoint where the options say so.
  Trainer(const TrainOptions& options, const std::string& configuration);
  ~Trainer();

  enum class Outcome { finished, interrupted };
  // Trains to the last epoch or to an interrupt, after which a checkpoint holds everything. Throws NumericError for a
  // loss that is not finite, after the state before that step was saved.
  Outcome run();

 private:
  void load_data();
  void build_model();
  void train_epoch();
  // One optimiser step on a batch; returns its mean loss, unflooded, on the device.
  Tensor train_step(const data::Batch& batch, double level);
  Tensor forward_backward(const data::Batch& batch, double level);
  void finish_epoch();
  void save_checkpoint();
  void restore(const std::filesystem::path& checkpoint);
  void keep_tuning();
  void draw_curves() const;
  std::string describe() const;

  TrainOptions options_;
  DType precision_;
  RunFolder folder_;
  data::ImageSplits images_;
  std::optional<data::ImageDataset> validation_;
  data::Normalisation normalisation_;
  FloodSchedule flood_;
  std::unique_ptr<data::Loader> loader_;
  std::unique_ptr<nn::Module> model_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  std::unique_ptr<optim::Schedule> schedule_;
  std::unique_ptr<optim::ExponentialMovingAverage> average_;
  TrainingMeter meter_;
  Position position_;
  bool stopped_ = false;
  std::size_t tuned_ = 0;
};

}  // namespace sluice::apps
