// SPDX-License-Identifier: Apache-2.0
// From logits and labels to the scalar that is differentiated: the cross entropy, held at a level as the options say.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include <sluice/core/ops/flood_rows.h>
#include <sluice/core/ops/meter.h>
#include <sluice/data/dataset.h>
#include <sluice/flooding/flood_schedule.h>
#include "apps/train/objective_options.h"

namespace sluice::apps {

// Of a batch or micro-batch.
struct ObjectiveValue {
  Variable loss;   // to differentiate
  Tensor mean;     // of the images' losses, unflooded: what is logged
  Tensor flooded;  // share of the images that is below its level; undefined where level() decides on the mean
};

class Objective {
 public:
  // For logits on `device`. Reads the files of levels where there are any. Throws UsageError for levels that don't fit
  // the classes of `train`, IoError naming the file for one that does not fit its images.
  Objective(const ObjectiveOptions& options, const data::ImageDataset& train, Device device);

  // What changes from epoch to epoch and from batch to batch is brought to where it is read, so that captured steps
  // follow it. `samples` are the numbers of the next batch's images in the training set.
  void start_epoch(std::int64_t epoch);
  void start_batch(std::span<const std::int64_t> samples);
  // What the epoch's steps have in common besides: steps of different kinds compute different things.
  int kind_of_steps() const;
  // The one level of all images in that epoch; 0 where there is none, or not one.
  double level_at(std::int64_t epoch) const;

  // Of the batch, or of its images from `first` on as if they were one.
  ObjectiveValue of_batch(const Variable& logits, const Tensor& labels, std::int64_t first = 0) const;

  // Of a micro-batch, the batch's images from `first` on, whose loss is plain where the mean of the whole batch
  // decides; then, with that mean, ...
  ObjectiveValue of_part(const Variable& logits, const Tensor& labels, std::int64_t first) const;
  bool decides_by_mean() const;
  // ... what its gathered gradients are multiplied by: an f32 scalar, 1 where nothing is flooded.
  Tensor factor(const Tensor& mean) const;

  // Counts a batch with its unflooded mean loss and, where it is defined, its flooded share.
  void close_batch(TrainingMeter& meter, const Tensor& mean, const Tensor& flooded) const;

  // Tells files of levels apart; empty where there is none.
  std::string fingerprint() const;

  // "flooded at 0.05 by sample", for the heading of a run; empty where nothing is flooded.
  std::string description() const;

 private:
  Variable cross_entropy(const Variable& logits, const Tensor& labels) const;
  Tensor levels_of(const Tensor& labels, std::int64_t first) const;

  ObjectiveOptions options_;
  ops::FloodOptions flood_;
  FloodSchedule schedule_;
  Tensor level_;                      // f64 scalar, the epoch's
  Tensor class_levels_;               // f32 [C], or undefined
  std::vector<float> sample_levels_;  // [N], or empty; then ...
  Tensor batch_levels_;               // ... those of the batch, f32 [B] for the largest batch so far
  std::int64_t epoch_ = 0;
};

}  // namespace sluice::apps
