// SPDX-License-Identifier: Apache-2.0
// What a run says: its heading and rows, its picture, and the losses of a fold that it did not train on.
#include <fmt/format.h>

#include <limits>

#include <sluice/base/threads.h>
#include <sluice/core/archive.h>
#include <sluice/core/ops.h>
#include "apps/common/choose_device.h"
#include "apps/common/curves.h"
#include "apps/common/number_text.h"
#include "apps/common/output.h"
#include "apps/train/trainer.h"

namespace sluice::apps {

// NaN stands for the images that were trained on.
void Trainer::write_held_out_losses() {
  const data::ImageDataset& images = fold_->images;
  const Evaluation seen = evaluate(*model_, images, normalisation_, precision_, 256, KeepLogits::yes);
  const Tensor labels = Tensor::from<std::int32_t>(images.labels, {images.size()});
  const std::vector<float> rows =
      ops::softmax_cross_entropy_rows(Variable(seen.logits), labels).value().to_vector<float>();
  std::vector<float> losses(static_cast<std::size_t>(fold_->of), std::numeric_limits<float>::quiet_NaN());
  for (std::size_t i = 0; i < rows.size(); ++i) losses[static_cast<std::size_t>(fold_->samples[i])] = rows[i];
  save_safetensors(folder_->path() / "held_out_losses.safetensors",
                   {{"losses", Tensor::from<float>(losses, {fold_->of})}}, {{kLabels, fold_->labels}});
}

void Trainer::print_heading() const {
  std::int64_t count = 0;
  for (const NamedParameter& parameter : model_->parameters()) count += parameter.variable.value().size();
  const std::string threads = device_.kind == DeviceKind::cpu ? fmt::format(", {} threads", thread_count()) : "";
  say(fmt::format("{}: {} parameters, {}, on {}{}", options_.model, count, options_.precision, device_text(device_),
                  threads));
  say(fmt::format("{} ({}): {} training, {}{} test images of {}x{}x{}", options_.dataset,
                  options_.dataset == "shapes10" ? "generated" : "from " + options_.data.string(), images_.train.size(),
                  validation_ ? fmt::format("{} validation, ", validation_->size()) : "", images_.test.size(),
                  images_.train.height, images_.train.width, images_.train.channels));
  if (const std::int64_t last = loader_->images_in(loader_->batches_per_epoch() - 1); last > options_.batch_size)
    say(fmt::format("last batch: the {} left are merged into the one before", last - options_.batch_size));
  if (const std::string how = objective_->description(); !how.empty()) say(how);
  if (position_.step > 0) say(fmt::format("going on after step {} in {}", position_.step, folder_->path().string()));
  say(table_.heading());
  for (const MetricsRow& row : metrics_->rows()) print_row(row, std::nullopt);
}

void Trainer::print_row(const MetricsRow& row, const std::optional<Evaluation>& validation) const {
  std::vector<std::string> cells{fmt::format("{}/{}", row.epoch, options_.epochs),
                                 std::to_string(row.step),
                                 decimal(row.train_loss),
                                 percent(row.train_accuracy),
                                 decimal(row.test_loss),
                                 percent(row.test_accuracy),
                                 decimal(row.flooded_fraction, 2),
                                 fmt::format("{:.3g}", row.learning_rate),
                                 fmt::format("{:.0f}", row.images_per_second),
                                 fmt::format("{:.1f}", row.seconds)};
  if (validation) {
    cells.push_back(decimal(validation->loss));
    cells.push_back(percent(validation->accuracy));
  }
  say(table_.row(cells));
}

void Trainer::draw() const {
  CurveRun run{.label = options_.model, .rows = metrics_->rows(), .flood_levels = {}};
  for (const MetricsRow& row : run.rows) run.flood_levels.push_back(objective_->level_at(row.epoch - 1));
  draw_curves(folder_->path() / "curves.svg", fmt::format("{} on {}", options_.model, options_.dataset), {run});
}

}  // namespace sluice::apps
