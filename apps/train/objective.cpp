// SPDX-License-Identifier: Apache-2.0
#include "apps/train/objective.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <sstream>

#include <sluice/base/checksum.h>
#include <sluice/core/archive.h>
#include <sluice/core/ops.h>
#include <sluice/flooding/adaflood.h>
#include "apps/common/command_line.h"
#include "apps/common/exit_codes.h"
#include "apps/train/run_data.h"

namespace sluice::apps {
namespace {

ops::FloodOptions flood_options(const ObjectiveOptions& options) {
  using ops::FloodGranularity;
  return {.granularity = options.flood_granularity == "batch"   ? FloodGranularity::batch
                         : options.flood_granularity == "group" ? FloodGranularity::group
                                                                : FloodGranularity::sample,
          .group = options.flood_group,
          .transform = options.flood_transform == "soft" ? ops::FloodTransform::soft : ops::FloodTransform::hard,
          .softness = options.flood_softness};
}

Tensor parse_class_levels(const std::string& text, const data::ImageDataset& train) {
  const std::vector<float> levels = parse_floats(text);
  if (static_cast<std::int64_t>(levels.size()) != train.classes)
    throw UsageError(fmt::format("--flood-class-levels expects {} levels, one for each class of {}, got {}",
                                 train.classes, train.name, levels.size()));
  for (const float level : levels)
    if (!std::isfinite(level) || level < 0)
      throw UsageError(fmt::format("--flood-class-levels expects finite levels of 0 or more, got {}", level));
  return Tensor::from<float>(levels, {train.classes});
}

// 'levels' or 'losses' [N] of a file, in f32: a finite number of 0 or more for each image, or NaN.
NamedTensor load_sample_values(const std::string& file, const data::ImageDataset& train) {
  const std::int64_t images = train.size();
  const Archive archive = load_safetensors(file);
  const auto labels = archive.metadata.find(kLabels);
  if (labels != archive.metadata.end() && labels->second != fingerprint_of_labels(train.labels))
    throw IoError(fmt::format(
        "{}: its losses belong to other labels than this run's; same images, --seed and --label-noise?", file));
  for (const auto& [name, tensor] : archive.tensors) {
    if (name != "levels" && name != "losses") continue;
    if (tensor.shape() != Shape{images} || (tensor.dtype() != DType::f32 && tensor.dtype() != DType::f64))
      throw IoError(concat(file, ": '", name, "' expects f32 or f64 [", images, "], one for each training image, got ",
                           name_of(tensor.dtype()), tensor.shape()));
    const std::vector<float> values = tensor.cast(DType::f32).to_vector<float>();
    for (std::size_t i = 0; i < values.size(); ++i)
      if (std::isinf(values[i]) || values[i] < 0)
        throw IoError(
            fmt::format("{}: '{}' expects finite numbers of 0 or more, got {} for image {}", file, name, values[i], i));
    return {name, tensor.cast(DType::f32)};
  }
  throw IoError(fmt::format("{}: expected a tensor 'levels' or 'losses', found neither", file));
}

// Of all files together, each of which has what the others leave out.
std::vector<float> load_sample_levels(const ObjectiveOptions& options, const data::ImageDataset& train) {
  std::vector<float> joined(static_cast<std::size_t>(train.size()), std::numeric_limits<float>::quiet_NaN());
  std::string kind;
  std::istringstream files(options.flood_sample_levels);
  for (std::string file; std::getline(files, file, ',');) {
    const auto [name, tensor] = load_sample_values(file, train);
    if (!kind.empty() && name != kind)
      throw IoError(fmt::format("{}: expected '{}', as in the files before it, found '{}'", file, kind, name));
    kind = name;
    const std::vector<float> values = tensor.to_vector<float>();
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (std::isnan(values[i])) continue;
      if (!std::isnan(joined[i]))
        throw IoError(fmt::format("{}: image {} has a number in a file before it already", file, i));
      joined[i] = values[i];
    }
  }
  const auto missing = std::ranges::find_if(joined, [](float value) { return std::isnan(value); });
  if (missing != joined.end())
    throw IoError(fmt::format("{}: no number for image {}; every training image needs one", options.flood_sample_levels,
                              missing - joined.begin()));
  if (kind == "levels") return joined;
  return adaflood_levels(Tensor::from<float>(joined, {train.size()}), options.adaflood_gamma).to_vector<float>();
}

}  // namespace

Objective::Objective(const ObjectiveOptions& options, const data::ImageDataset& train, Device device)
    : options_(options),
      flood_(flood_options(options)),
      schedule_(FloodSchedule::parse(options.flood_level)),
      level_(Tensor::zeros({}, DType::f64, device)) {
  if (options.relaxloss > 0) schedule_ = FloodSchedule(options.relaxloss);
  if (!options.flood_class_levels.empty())
    class_levels_ = parse_class_levels(options.flood_class_levels, train).to(device);
  if (!options.flood_sample_levels.empty()) sample_levels_ = load_sample_levels(options, train);
}

void Objective::start_epoch(std::int64_t epoch) {
  epoch_ = epoch;
  level_.copy_from(Tensor::full({}, level_at(epoch), DType::f64));
}

void Objective::start_batch(std::span<const std::int64_t> samples) {
  if (sample_levels_.empty()) return;
  const auto largest = batch_levels_.defined() ? static_cast<std::size_t>(batch_levels_.size()) : 0;
  std::vector<float> levels(std::max(largest, samples.size()));
  std::ranges::transform(samples, levels.begin(),
                         [this](std::int64_t sample) { return sample_levels_[static_cast<std::size_t>(sample)]; });
  const Tensor uploaded = Tensor::from<float>(levels, {static_cast<std::int64_t>(levels.size())});
  if (levels.size() > largest)
    batch_levels_ = uploaded.to(level_.device());
  else
    batch_levels_.copy_from(uploaded);
}

int Objective::kind_of_steps() const { return options_.relaxloss > 0 ? static_cast<int>(ops::relax_phase(epoch_)) : 0; }

double Objective::level_at(std::int64_t epoch) const { return schedule_.level_at(epoch); }

bool Objective::decides_by_mean() const {
  return flood_.granularity == ops::FloodGranularity::batch && !class_levels_.defined() && sample_levels_.empty();
}

Variable Objective::cross_entropy(const Variable& logits, const Tensor& labels) const {
  return ops::softmax_cross_entropy(logits, labels, {.label_smoothing = options_.label_smoothing});
}

Tensor Objective::levels_of(const Tensor& labels, std::int64_t first) const {
  if (class_levels_.defined()) return ops::class_levels(class_levels_, labels);
  if (sample_levels_.empty()) return level_;
  return batch_levels_.size() == labels.size() ? batch_levels_ : batch_levels_.rows(first, labels.size());
}

ObjectiveValue Objective::of_batch(const Variable& logits, const Tensor& labels, std::int64_t first) const {
  if (options_.relaxloss > 0) {
    const ops::RelaxedLoss relaxed = ops::relax_loss(logits, labels, options_.relaxloss, ops::relax_phase(epoch_));
    return {.loss = relaxed.loss, .mean = relaxed.mean, .flooded = {}};
  }
  if (decides_by_mean() && flood_.transform == ops::FloodTransform::hard) {
    const auto [loss, mean] =
        ops::flooded_cross_entropy(logits, labels, level_, {.label_smoothing = options_.label_smoothing});
    return {.loss = loss, .mean = mean, .flooded = {}};
  }
  const ops::FloodedRows flooded = ops::flooded_cross_entropy_rows(logits, labels, levels_of(labels, first), flood_,
                                                                   {.label_smoothing = options_.label_smoothing});
  return {.loss = flooded.loss, .mean = flooded.mean, .flooded = flooded.flooded};
}

ObjectiveValue Objective::of_part(const Variable& logits, const Tensor& labels, std::int64_t first) const {
  if (!decides_by_mean()) return of_batch(logits, labels, first);
  const Variable mean = cross_entropy(logits, labels);
  return {.loss = mean, .mean = mean.value(), .flooded = {}};
}

Tensor Objective::factor(const Tensor& mean) const {
  if (flood_.transform == ops::FloodTransform::hard) return ops::flood_sign(mean, level_);
  Tape tape;
  const Variable watched = tape.watched(mean.reshape({1}));
  tape.backward(ops::flood_rows(watched, level_, flood_).loss);
  return watched.gradient().reshape({});
}

void Objective::close_batch(TrainingMeter& meter, const Tensor& mean, const Tensor& flooded) const {
  if (flooded.defined())
    meter.close_batch(flooded);
  else
    meter.close_batch(mean, level_);
}

std::string Objective::fingerprint() const {
  if (sample_levels_.empty()) return {};
  return fmt::format("{:08x}", crc32c(std::as_bytes(std::span(sample_levels_))));
}

std::string Objective::description() const {
  if (!options_.floods()) return {};
  if (options_.relaxloss > 0) return fmt::format("RelaxLoss at {}", options_.relaxloss);
  const std::string at = class_levels_.defined()   ? "levels by class"
                         : !sample_levels_.empty() ? "levels by image"
                                                   : options_.flood_level;
  std::string how;
  if (options_.flood_granularity == "group") how = fmt::format(" by groups of {}", options_.flood_group);
  if (options_.flood_granularity == "sample") how = " by sample";
  if (options_.flood_transform == "soft") how += fmt::format(", softly ({})", options_.flood_softness);
  return fmt::format("flooded at {}{}", at, how);
}

}  // namespace sluice::apps
