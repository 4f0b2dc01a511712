// SPDX-License-Identifier: Apache-2.0
// What training logs, gathered on the device: a step adds to it without waiting, read() waits once. Losses are the
// unflooded ones.
#pragma once

#include <cstdint>

#include <sluice/core/tensor.h>

namespace sluice {

class TrainingMeter {
 public:
  // One mini-batch: its mean loss (a scalar, f32 or f64), logits [N,C], labels i32 [N] and the flood level it was
  // trained with (0: none). Rows with a negative label (ignored ones) are left out; `loss` is the mean over the others.
  // The same as add_part and close_batch once each.
  void add(const Tensor& loss, const Tensor& logits, const Tensor& labels, double level);
  // The same with a level that is in the device's memory: an f64 scalar.
  void add(const Tensor& loss, const Tensor& logits, const Tensor& labels, const Tensor& level);

  // For a batch in micro-batches: each one's mean loss, logits and labels, ...
  void add_part(const Tensor& loss, const Tensor& logits, const Tensor& labels);
  // ... then the mean loss of the whole batch, by which flooding decides.
  void close_batch(const Tensor& mean_loss, double level);
  void close_batch(const Tensor& mean_loss, const Tensor& level);
  // ... or the share of its rows that was flooded, a scalar in [0,1], f32 or f64 (ops::flood_rows gives it).
  void close_batch(const Tensor& flooded);

  struct Reading {
    double mean_loss = 0;  // per image; NaN before the first
    double accuracy = 0;   // share of images whose largest logit is their label's; NaN before the first
    // Mean over the batches of the share that was flooded: 0 or 1 where batches are flooded as a whole. NaN before the
    // first.
    double flooded_fraction = 0;
    std::int64_t batches = 0;
    std::int64_t images = 0;
  };
  // Waits for the device.
  Reading read() const;
  void reset();

  // For checkpoints: f64 [5], undefined before the first batch. Shares no elements with the meter.
  Tensor state() const { return sums_.clone(); }
  // Throws std::invalid_argument for a tensor that is no such state.
  void load_state(const Tensor& state);

 private:
  double* sums_on(Device device);

  Tensor sums_;
};

}  // namespace sluice
