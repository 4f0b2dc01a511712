// SPDX-License-Identifier: Apache-2.0
#include "apps/flood_study/training.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>

#include <sluice/core/ops.h>
#include <sluice/core/ops/meter.h>
#include <sluice/optim/adam.h>
#include <sluice/optim/schedule.h>
#include <sluice/optim/sgd.h>

namespace sluice::study {
namespace {

std::unique_ptr<optim::Optimizer> make_optimizer(const StudyOptions& options, std::vector<NamedParameter> parameters) {
  if (options.optimizer == "adam")
    return std::make_unique<optim::Adam>(
        std::move(parameters),
        optim::AdamOptions{.learning_rate = options.learning_rate, .weight_decay = options.weight_decay});
  return std::make_unique<optim::Sgd>(std::move(parameters), optim::SgdOptions{.learning_rate = options.learning_rate,
                                                                               .momentum = options.momentum,
                                                                               .weight_decay = options.weight_decay});
}

std::unique_ptr<optim::Schedule> make_schedule(const StudyOptions& options, std::int64_t steps_per_epoch) {
  std::vector<std::int64_t> milestones;
  for (const std::int64_t epoch : options.milestones) milestones.push_back(epoch * steps_per_epoch);
  return optim::make_schedule({.name = options.milestones.empty() ? "constant" : "multi-step",
                               .learning_rate = options.learning_rate,
                               .total_steps = options.epochs * steps_per_epoch,
                               .milestones = milestones});
}

}  // namespace

bool is_curve_epoch(std::int64_t epoch, std::int64_t epochs) {
  if (epoch == epochs) return true;
  std::int64_t decade = 1;
  while (10 * decade <= epoch) decade *= 10;
  return std::ranges::any_of(std::array{2, 3, 4, 6, 10, 14},
                             [&](std::int64_t halves) { return halves * decade == 2 * epoch; });
}

RunResult train_run(Task& task, const StudyOptions& options, const RunKey& key,
                    const std::function<void()>& epoch_done) {
  const auto start = std::chrono::steady_clock::now();
  const auto model = task.make_model();
  const auto optimizer = make_optimizer(options, model->parameters());
  const auto schedule = make_schedule(options, task.batches_per_epoch());
  RunResult result{.key = key};
  result.best.validation.accuracy = -1;
  std::vector<EpochRecord> records;
  std::int64_t step = 0;
  TrainingMeter meter;

  for (std::int64_t epoch = 1; epoch <= options.epochs; ++epoch) {
    meter.reset();
    model->set_mode(Mode::train);
    task.for_each_batch(epoch - 1, [&](const Tensor& inputs, const Tensor& labels) {
      optimizer->set_learning_rate(schedule->at(step));
      model->set_step(step++);
      Tape tape;
      const Variable logits = (*model)(tape.input(inputs));
      const Variable loss = ops::softmax_cross_entropy(logits, labels);
      meter.add(loss.value(), logits.value(), labels, key.level);
      tape.backward(ops::flood(loss, key.level));
      optimizer->step();
      model->clear_gradients();
    });
    const TrainingMeter::Reading reading = meter.read();
    if (!std::isfinite(reading.mean_loss))
      throw NumericError(fmt::format("{}: the loss is not finite in epoch {}", key.name(), epoch));
    EpochRecord record{.epoch = epoch,
                       .train = {reading.mean_loss, reading.accuracy},
                       .flooded = reading.flooded_fraction,
                       .validation = task.validate(*model)};
    const bool better = record.validation.accuracy > result.best.validation.accuracy;
    const bool on_curve = is_curve_epoch(epoch, options.epochs);
    if (better || on_curve) record.test = task.test(*model);
    if (better) result.best = record;
    if (on_curve) result.curve.push_back(record);
    records.push_back(std::move(record));
    epoch_done();
  }

  result.last = records.back();
  const auto mean_of_last = [&](std::int64_t share, auto value) {
    const std::int64_t count = std::max<std::int64_t>(1, options.epochs / share);
    double sum = 0;
    for (auto record = records.end() - count; record != records.end(); ++record) sum += value(*record);
    return sum / static_cast<double>(count);
  };
  result.settled_train_loss = mean_of_last(10, [](const EpochRecord& record) { return record.train.loss; });
  result.settled_flooded = mean_of_last(5, [](const EpochRecord& record) { return record.flooded; });
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace sluice::study
