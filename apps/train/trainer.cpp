// SPDX-License-Identifier: Apache-2.0
#include "apps/train/trainer.h"

#include <errno.h>
#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <cmath>

#include <sluice/base/threads.h>
#include <sluice/core/ops.h>
#include <sluice/kernels/runtime/device.h>
#include <sluice/nn/models.h>
#include <sluice/nn/state.h>
#include <sluice/optim/adam.h>
#include <sluice/optim/sgd.h>
#include "apps/common/choose_device.h"
#include "apps/common/exit_codes.h"
#include "apps/common/interrupt.h"
#include "apps/common/output.h"
#include "apps/common/progress.h"
#include "apps/common/weights_file.h"

namespace sluice::apps {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::int64_t kStepsBetweenChecks = 100;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

std::vector<Column> columns_of(const TrainOptions& options) {
  std::vector<Column> columns{{"epoch", 7},    {"step", 7},    {"train loss", 10}, {"train acc", 9}, {"test loss", 9},
                              {"test acc", 8}, {"flooded", 7}, {"rate", 8},        {"images/s", 8},  {"seconds", 8}};
  if (options.validation > 0) {
    columns.push_back({"validation loss", 15});
    columns.push_back({"validation acc", 14});
  }
  return columns;
}

// While one lives, the model holds its averages, where there are any.
class Averaged {
 public:
  explicit Averaged(optim::ExponentialMovingAverage* average) : average_(average) {
    if (average_ != nullptr) average_->swap();
  }
  ~Averaged() {
    if (average_ != nullptr) average_->swap();
  }
  Averaged(const Averaged&) = delete;
  Averaged& operator=(const Averaged&) = delete;

 private:
  optim::ExponentialMovingAverage* average_;
};

}  // namespace

Trainer::Trainer(const TrainOptions& options, const std::string& configuration)
    : options_(options),
      device_(choose_device("sluice-train", options.device)),
      precision_(choose_precision(options.precision, device_)),
      table_(columns_of(options)) {
  choose_conv_engine(options_.conv_engine);
  if (options_.threads > 0) set_thread_count(options_.threads);
  if (options_.resume && !exists(options_.out / "config.toml"))
    throw CheckpointError(
        fmt::format("{} holds no run to resume: there is no config.toml in it", options_.out.string()));
  load_data();
  build_model();
  build_optimizer();
  open_folder(configuration);
}

void Trainer::load_data() {
  RunData run = load_run_data(options_);
  images_ = std::move(run.images);
  validation_ = std::move(run.validation);
  fold_ = std::move(run.fold);
  normalisation_ = std::move(run.normalisation);
  objective_.emplace(options_.objective, images_.train, device_);
  loader_ = std::make_unique<data::Loader>(
      images_.train, data::LoaderOptions{.batch_size = options_.batch_size,
                                         .seed = options_.seed,
                                         .order = data::Order::shuffled,
                                         .last_batch = options_.last_batch_of(images_.train.size()),
                                         .smallest_batch = nn::smallest_batch(options_.model),
                                         .augment = data::parse_augment(options_.augment),
                                         .normalisation = normalisation_,
                                         .device = device_,
                                         .precision = precision_});
  if (device_.kind == DeviceKind::cuda && loader_->residence() == data::Residence::host)
    warn(fmt::format("sluice-train: {} has no room for the training images; batches come from the host",
                     device_text(device_)));
}

void Trainer::build_model() {
  const data::ImageDataset& train = images_.train;
  model_ = nn::make_model({.name = options_.model,
                           .image = {train.height, train.width, train.channels},
                           .classes = train.classes,
                           .seed = options_.seed,
                           .dropout = options_.dropout,
                           .device = device_});
  if (!options_.init_from.empty() && !options_.resume) {
    const std::filesystem::path file = weights_file(options_.init_from).path;
    const Archive archive = load_safetensors(file);
    try {
      nn::load_model_state(*model_, archive);
    } catch (const IoError& error) {
      throw CheckpointError(fmt::format("--init-from {}: {}", file.string(), error.what()));
    }
  }
  if (device_.kind == DeviceKind::cpu) undo_.emplace(model_->buffers(), meter_);
  if (device_.kind == DeviceKind::cuda && options_.graph == "auto") steps_ = StepRunner(device_, options_.batch_size);
}

void Trainer::build_optimizer() {
  const std::vector<NamedParameter> parameters = model_->parameters();
  const auto spared = options_.decay_norms ? optim::DecayNorms::yes : optim::DecayNorms::no;
  if (options_.optimizer == "sgd") {
    optimizer_ = std::make_unique<optim::Sgd>(
        parameters, optim::SgdOptions{.learning_rate = options_.learning_rate,
                                      .momentum = options_.momentum,
                                      .nesterov = options_.nesterov ? optim::Nesterov::yes : optim::Nesterov::no,
                                      .weight_decay = options_.weight_decay,
                                      .decay_norms = spared});
  } else {
    optimizer_ = std::make_unique<optim::Adam>(
        parameters,
        optim::AdamOptions{.learning_rate = options_.learning_rate,
                           .weight_decay = options_.weight_decay,
                           .decay = options_.optimizer == "adamw" ? optim::Decay::decoupled : optim::Decay::coupled,
                           .decay_norms = spared});
  }
  const std::int64_t steps = loader_->batches_per_epoch();
  std::vector<std::int64_t> milestones;
  for (const std::int64_t epoch : options_.milestone_epochs()) milestones.push_back(epoch * steps);
  schedule_ = optim::make_schedule({.name = options_.schedule,
                                    .learning_rate = options_.learning_rate,
                                    .total_steps = options_.epochs * steps,
                                    .warmup_steps = std::llround(options_.warmup_epochs * static_cast<double>(steps)),
                                    .milestones = milestones,
                                    .gamma = options_.gamma});
  if (options_.sam > 0) perturbation_ = std::make_unique<optim::Sam>(parameters, model_->buffers(), options_.sam);
  if (options_.gradient_penalty > 0)
    perturbation_ = std::make_unique<optim::GradientPenalty>(
        parameters, model_->buffers(),
        optim::GradientPenaltyOptions{.strength = options_.gradient_penalty, .step = options_.gradient_penalty_step});
  if (options_.ema > 0)
    average_ = std::make_unique<optim::ExponentialMovingAverage>(parameters, model_->buffers(), options_.ema);
}

Outcome Trainer::run() {
  const InterruptGuard guard;
  if (position_.epoch == options_.epochs) {
    say(fmt::format("{}: all {} epochs are done already; nothing left to do. More of them: --resume --epochs N",
                    folder_->path().string(), options_.epochs));
    return Outcome::finished;
  }
  print_heading();
  while (position_.epoch < options_.epochs) {
    Outcome outcome = train_epoch();
    expect_finite_so_far();
    if (outcome == Outcome::finished) outcome = finish_epoch();
    if (outcome == Outcome::finished) continue;
    save_checkpoint();
    say(fmt::format("Stopped after step {}; everything is saved. Go on with:\n  {} --resume --out {}", position_.step,
                    program_invocation_name, shell_word(folder_->path().string())));
    return Outcome::interrupted;
  }
  say(fmt::format("Curves, metrics.csv, TensorBoard events and the network are in {}; sluice-eval {} evaluates it",
                  folder_->path().string(), shell_word(folder_->path().string())));
  return Outcome::finished;
}

Outcome Trainer::train_epoch() {
  const std::int64_t batches = loader_->batches_per_epoch();
  objective_->start_epoch(position_.epoch);
  Progress progress(fmt::format("epoch {}/{}", position_.epoch + 1, options_.epochs), loader_->images_per_epoch(),
                    position_.batch * options_.batch_size);
  if (position_.batch == 0) {
    meter_.reset();
    position_.epoch_seconds = 0;
  }
  model_->set_mode(Mode::train);
  loader_->start_epoch(position_.epoch, position_.batch);
  logged_ = meter_.read();
  while (position_.batch < batches) {
    const Clock::time_point start = Clock::now();
    const std::optional<data::Batch> batch = loader_->next();
    optimizer_->set_learning_rate(schedule_->at(position_.step));
    model_->set_step(position_.step);
    objective_->start_batch(loader_->samples(batch->index));
    steps_.run(
        *batch, [this](const data::Batch& inputs) { train_step(inputs); }, objective_->kind_of_steps());
    ++position_.batch;
    ++position_.step;
    if (position_.step % kStepsBetweenChecks == 0) expect_finite_so_far();
    if (options_.log_every > 0 && position_.step % options_.log_every == 0) log_step();
    const double seconds = seconds_since(start);
    position_.seconds += seconds;
    position_.epoch_seconds += seconds;
    if (position_.step == 1) keep_tuning();
    progress.advance(batch->labels.size(), [this] { return fmt::format("loss {:.4f}", meter_.read().mean_loss); });
    if (interrupted() || position_.step == options_.stop_after) return Outcome::interrupted;
  }
  // What the device still has to do counts.
  const Clock::time_point start = Clock::now();
  kernels::synchronize(kernels::exec_on(device_));
  position_.seconds += seconds_since(start);
  position_.epoch_seconds += seconds_since(start);
  return Outcome::finished;
}

// The mean over the images since the last such point, of this epoch.
void Trainer::log_step() {
  const TrainingMeter::Reading now = meter_.read();
  const auto sum = [](const TrainingMeter::Reading& reading) {
    return reading.images == 0 ? 0.0 : reading.mean_loss * static_cast<double>(reading.images);
  };
  const double loss = (sum(now) - sum(logged_)) / static_cast<double>(now.images - logged_.images);
  events_->append(position_.step, {{"loss/step", loss}, {"learning_rate/step", optimizer_->learning_rate()}});
  logged_ = now;
}

Outcome Trainer::finish_epoch() {
  expect_finite_state();
  const Clock::time_point start = Clock::now();
  Evaluation test;
  std::optional<Evaluation> validation;
  try {
    const Averaged averaged(average_.get());
    test = evaluate(*model_, images_.test, normalisation_, precision_);
    expect_finite(test, "test");
    if (validation_) {
      validation = evaluate(*model_, *validation_, normalisation_, precision_);
      expect_finite(*validation, "validation");
    }
    if (fold_ && position_.epoch + 1 == options_.epochs) write_held_out_losses();
  } catch (const Interrupted&) {
    return Outcome::interrupted;
  }
  position_.seconds += seconds_since(start);

  const TrainingMeter::Reading train = meter_.read();
  const MetricsRow row{.epoch = position_.epoch + 1,
                       .step = position_.step,
                       .train_loss = train.mean_loss,
                       .train_accuracy = train.accuracy,
                       .test_loss = test.loss,
                       .test_accuracy = test.accuracy,
                       .flooded_fraction = train.flooded_fraction,
                       .learning_rate = optimizer_->learning_rate(),
                       .images_per_second = static_cast<double>(train.images) / position_.epoch_seconds,
                       .seconds = position_.seconds};
  metrics_->append(row);
  events_->append(row);
  if (validation) {
    MetricsRow held_out = row;
    held_out.test_loss = validation->loss;
    held_out.test_accuracy = validation->accuracy;
    validation_metrics_->append(held_out);
    events_->append(row.step, {{"loss/validation", validation->loss}, {"accuracy/validation", validation->accuracy}});
  }
  print_row(row, validation);
  ++position_.epoch;
  position_.batch = 0;
  if (position_.epoch % options_.checkpoint_every == 0 || position_.epoch == options_.epochs) {
    save_checkpoint();
    draw();
  }
  return Outcome::finished;
}

}  // namespace sluice::apps
