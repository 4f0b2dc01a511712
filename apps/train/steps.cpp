// SPDX-License-Identifier: Apache-2.0
// One training step: gradients, the checks that they pass on the CPU, and the update.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include <sluice/core/finite.h>
#include <sluice/core/ops.h>
#include <sluice/nn/models.h>
#include <sluice/optim/gradients.h>
#include "apps/common/exit_codes.h"
#include "apps/train/trainer.h"

namespace sluice::apps {
namespace {

constexpr const char* kRemedy =
    "A smaller --learning-rate, --warmup-epochs or --clip-norm often helps; --init-from starts a new run from saved "
    "weights";

}  // namespace

// On the CPU, where reading a number costs no wait, an update is applied only where loss and gradients are finite.
void Trainer::train_step(const data::Batch& batch) {
  if (undo_) undo_->remember();
  gather_gradients(batch, Pass::first);
  expect_finite_gradients();
  if (perturbation_) {
    perturbation_->perturb();
    model_->set_step(position_.step);
    const Tensor loss = gather_gradients(batch, Pass::second);
    perturbation_->restore();
    expect_finite(loss, Before::sound);
    expect_finite_gradients();
  }
  if (options_.clip_norm > 0) optim::clip_gradient_norm(model_->parameters(), options_.clip_norm);
  optimizer_->step();
  model_->clear_gradients();
  if (average_) average_->update();
}

Tensor Trainer::gather_gradients(const data::Batch& batch, Pass pass) {
  if (options_.accumulate > 1) return accumulate_gradients(batch, pass);
  Tape tape;
  const Variable logits = (*model_)(tape.input(batch.images));
  const ObjectiveValue value = objective_->of_batch(logits, batch.labels);
  if (pass == Pass::first) {
    expect_finite(value.mean, Before::ruined);
    meter_.add_part(value.mean, logits.value(), batch.labels);
    objective_->close_batch(meter_, value.mean, value.flooded);
  }
  tape.backward(value.loss);
  return value.mean;
}

// The batch in micro-batches. Where its mean meets the level, raw gradients are gathered, and the sign is decided once
// on the accumulated mean.
Tensor Trainer::accumulate_gradients(const data::Batch& batch, Pass pass) {
  const std::int64_t images = batch.labels.size();
  const std::int64_t parts = std::min(options_.accumulate, images / nn::smallest_batch(options_.model));
  Tensor mean = Tensor::zeros({}, DType::f32, device_);
  Tensor flooded = objective_->decides_by_mean() ? Tensor{} : Tensor::zeros({}, DType::f32, device_);
  for (std::int64_t part = 0; part < parts; ++part) {
    const std::int64_t first = images * part / parts;
    const std::int64_t count = images * (part + 1) / parts - first;
    const double share = static_cast<double>(count) / static_cast<double>(images);
    const auto add_share = [share](Tensor& sum, const Tensor& of_part) {
      sum = ops::add(sum, ops::multiply(of_part, share)).value();
    };
    const Tensor labels = batch.labels.rows(first, count);
    Tape tape;
    const Variable logits = (*model_)(tape.input(batch.images.rows(first, count)));
    const ObjectiveValue value = objective_->of_part(logits, labels, first);
    add_share(mean, value.mean);
    if (flooded.defined()) add_share(flooded, value.flooded);
    if (pass == Pass::first) {
      expect_finite(value.mean, Before::ruined);
      meter_.add_part(value.mean, logits.value(), labels);
    }
    tape.backward(ops::multiply(value.loss, share));
  }
  if (pass == Pass::first) objective_->close_batch(meter_, mean, flooded);
  if (objective_->decides_by_mean() && options_.objective.floods())
    optim::scale_gradients(model_->parameters(), objective_->factor(mean));
  return mean;
}

// Ends the run at a step that is not applied. The state before it is saved, unless it is what gave the loss.
void Trainer::refuse_step(const std::string& what, Before before) {
  model_->clear_gradients();
  undo_->undo();
  std::string kept = last_saved();
  if (before == Before::sound && state_is_finite()) {
    save_checkpoint();
    kept = "the state before this step is saved in " + folder_->path().string();
  }
  throw NumericError(fmt::format("{} in epoch {}, step {}, at a learning rate of {:g}; {}. {}", what,
                                 position_.epoch + 1, position_.step + 1, optimizer_->learning_rate(), kept, kRemedy));
}

void Trainer::expect_finite(const Tensor& loss, Before before) {
  if (!undo_) return;
  const double value = loss.item();
  if (!std::isfinite(value)) refuse_step(std::isnan(value) ? "the loss is nan" : "the loss is infinite", before);
}

void Trainer::expect_finite_gradients() {
  if (!undo_) return;
  for (const NamedParameter& parameter : model_->parameters())
    if (!all_finite(parameter.variable.gradient()))
      refuse_step(fmt::format("the gradient of {} is not finite", parameter.name), Before::sound);
}

// The meter's sum keeps what is not finite.
void Trainer::expect_finite_so_far() const {
  if (undo_) return;
  const TrainingMeter::Reading reading = meter_.read();
  if (reading.images == 0 || std::isfinite(reading.mean_loss)) return;
  throw NumericError(fmt::format("a loss was not finite in epoch {}, by step {}, at a learning rate of {:g}; {}. {}",
                                 position_.epoch + 1, position_.step, optimizer_->learning_rate(), last_saved(),
                                 kRemedy));
}

void Trainer::expect_finite_state() const {
  if (state_is_finite()) return;
  throw NumericError(fmt::format("the weights are not finite after step {}, at a learning rate of {:g}; {}. {}",
                                 position_.step, optimizer_->learning_rate(), last_saved(), kRemedy));
}

void Trainer::expect_finite(const Evaluation& evaluation, const std::string& images) const {
  if (std::isfinite(evaluation.loss)) return;
  throw NumericError(fmt::format("the loss on the {} images is {} after step {}, at a learning rate of {:g}; {}. {}",
                                 images, std::isnan(evaluation.loss) ? "nan" : "infinite", position_.step,
                                 optimizer_->learning_rate(), last_saved(), kRemedy));
}

bool Trainer::state_is_finite() const {
  const auto finite = [](const NamedTensor& entry) { return all_finite(entry.tensor); };
  const auto finite_parameter = [](const NamedParameter& entry) { return all_finite(entry.variable.value()); };
  return std::ranges::all_of(model_->parameters(), finite_parameter) &&
         std::ranges::all_of(model_->buffers(), finite) && std::ranges::all_of(optimizer_->state(), finite) &&
         (!average_ || std::ranges::all_of(average_->state(), finite));
}

std::string Trainer::last_saved() const {
  const auto saved = RunFolder::latest_checkpoint(folder_->path());
  return saved ? fmt::format("the last finite state is in {}", saved->string()) : "nothing was saved before";
}

}  // namespace sluice::apps
