// SPDX-License-Identifier: Apache-2.0
// One training run: data, model and optimiser by the options, the loop over epochs, and the run folder that it fills.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include <sluice/core/archive.h>
#include <sluice/core/ops/meter.h>
#include <sluice/data/datasets.h>
#include <sluice/data/loader.h>
#include <sluice/nn/module.h>
#include <sluice/optim/ema.h>
#include <sluice/optim/optimizer.h>
#include <sluice/optim/perturbation.h>
#include <sluice/optim/schedule.h>
#include "apps/common/evaluate.h"
#include "apps/common/metrics.h"
#include "apps/common/run_folder.h"
#include "apps/common/step_runner.h"
#include "apps/common/table.h"
#include "apps/common/tensorboard.h"
#include "apps/train/objective.h"
#include "apps/train/options.h"
#include "apps/train/run_data.h"
#include "apps/train/step_undo.h"
#include "apps/train/training_state.h"

namespace sluice::apps {

enum class Outcome { finished, interrupted };

class Trainer {
 public:
  // Loads data, builds the model and opens the run folder; continues at its newest checkpoint where the options say so.
  // `configuration` is kept in the folder. Throws what data, folder and checkpoint throw.
  Trainer(const TrainOptions& options, const std::string& configuration);

  // Trains to the last epoch or to an interrupt, after which a checkpoint holds everything. Throws NumericError where
  // loss, gradients or weights are not finite: on the CPU before the step is applied; on another device, which nobody
  // waits for, within a hundred steps. No state is ever saved that is not finite or that gave such a loss.
  Outcome run();

 private:
  void load_data();
  void build_model();
  void build_optimizer();
  void open_folder(const std::string& configuration);

  Outcome train_epoch();
  void train_step(const data::Batch& batch);
  // Of a step's passes over its batch, the meter counts the first. The gradients stay in the parameters; returned is
  // the batch's mean loss, which is checked in the first pass.
  enum class Pass : unsigned char { first, second };
  Tensor gather_gradients(const data::Batch& batch, Pass pass);
  Tensor accumulate_gradients(const data::Batch& batch, Pass pass);
  // Each throws NumericError that says where the last finite state is. Those of a step do nothing but on the CPU.
  // `before` says of the weights before the step whether they are to blame: theirs was the loss of the first pass.
  enum class Before : unsigned char { sound, ruined };
  void expect_finite(const Tensor& loss, Before before);
  void expect_finite_gradients();
  [[noreturn]] void refuse_step(const std::string& what, Before before);
  void expect_finite_so_far() const;
  void expect_finite_state() const;
  void expect_finite(const Evaluation& evaluation, const std::string& images) const;
  bool state_is_finite() const;
  std::string last_saved() const;
  void log_step();
  Outcome finish_epoch();

  // Throws NumericError, and saves nothing, where the state is not finite.
  void save_checkpoint();
  // Throw IoError for a checkpoint that is damaged, CheckpointError for one of other options.
  void restore_newest();
  void restore(const std::filesystem::path& checkpoint);
  void expect_same_options(const Archive& archive, const std::filesystem::path& checkpoint);
  void keep_tuning() const;
  // Of the fold that is held out, as --flood-sample-levels reads them.
  void write_held_out_losses();

  void print_heading() const;
  void print_row(const MetricsRow& row, const std::optional<Evaluation>& validation) const;
  void draw() const;

  TrainOptions options_;
  Device device_;
  DType precision_;
  data::ImageSplits images_;
  std::optional<data::ImageDataset> validation_;
  std::optional<HeldOutFold> fold_;
  data::Normalisation normalisation_;
  std::unique_ptr<data::Loader> loader_;
  std::optional<Objective> objective_;
  std::unique_ptr<nn::Module> model_;
  std::unique_ptr<optim::Optimizer> optimizer_;
  std::unique_ptr<optim::Perturbation> perturbation_;  // where a step takes two gradients
  std::unique_ptr<optim::Schedule> schedule_;
  std::unique_ptr<optim::ExponentialMovingAverage> average_;
  StepRunner steps_;
  TrainingMeter meter_;
  TrainingMeter::Reading logged_;  // by the last point of log_step()
  std::optional<StepUndo> undo_;   // on the CPU
  Position position_;
  bool extended_ = false;  // more epochs than when it was saved
  std::optional<RunFolder> folder_;
  std::optional<MetricsWriter> metrics_;
  std::optional<MetricsWriter> validation_metrics_;  // the same rows, with the held-out images as the test
  std::optional<EventWriter> events_;
  Table table_;
};

}  // namespace sluice::apps
