// SPDX-License-Identifier: Apache-2.0
// Flooding of row losses: the batch mean, groups of rows or each row held at its level, by turning the gradient round
// or by letting it fade. Training only, as ops::flood. kernels/flood.h has the equations and the sources.
//
//   const Variable rows = ops::softmax_cross_entropy_rows(logits, labels);
//   const auto flooded = ops::flood_rows(rows, 0.05, {.granularity = ops::FloodGranularity::sample});
//   tape.backward(flooded.loss);
#pragma once

#include <cstdint>

#include <sluice/core/tape.h>

namespace sluice::ops {

// Whose mean loss meets the level: the batch's (Ishida et al., 2020), that of each run of `group` rows in order (micro-
// batches or ranks that decide for themselves; a last group may be shorter), or each row's own loss (iFlood, Xie et
// al., 2022).
enum class FloodGranularity : unsigned char { batch, group, sample };

// hard: |m - b| + b, gradient times sign(m - b).
// soft (SoftAD, Holland and Nakatani, 2024, with eta = 1): b + sigma^2 (sqrt(1 + u^2) - 1) with u = (m - b) / sigma,
// gradient times sigma u / sqrt(1 + u^2), which fades at the level instead of turning round at once.
enum class FloodTransform : unsigned char { hard, soft };

struct FloodOptions {
  FloodGranularity granularity = FloodGranularity::batch;
  std::int64_t group = 0;  // rows a group, at least 1; read with FloodGranularity::group only
  FloodTransform transform = FloodTransform::hard;
  double softness = 1;  // sigma > 0, in nats; read with FloodTransform::soft only
};

struct FloodedRows {
  Variable loss;   // the scalar to differentiate
  Tensor mean;     // of the row losses, unflooded: what is logged as the loss
  Tensor flooded;  // share of the rows whose batch, group or own loss is below its level: for TrainingMeter
};

// Row losses [N], N >= 1, f32 or f64, each of weight 1 / N: at FloodGranularity::batch and FloodTransform::hard the
// result is ops::flood of their mean, gradients bit for bit. Level 0 is no flooding, in both transforms: what is at
// level 0 everywhere has the mean itself as its loss. Throws std::invalid_argument where shapes or types don't fit, or
// the level or the options are out of range.
FloodedRows flood_rows(const Variable& row_losses, double level, const FloodOptions& options = {});
// levels: one for all [], in f32 or f64, or one a row [N] (AdaFlood, Bae et al., 2024; classes: class_levels), in f32
// or the type of the losses, on their device; a group's level is the mean of its rows'. They are read as the operation
// runs, an f64 scalar and levels of the losses' type where they lie. Levels below 0 or not finite are refused on the
// CPU, where they can be read without waiting.
FloodedRows flood_rows(const Variable& row_losses, const Tensor& levels, const FloodOptions& options = {});

// The level of each row by its label, [N]: levels [C] f32 or f64, labels i32 [N]; 0 for a label outside [0,C). As in
// Aizawa et al., ACPR 2025 (arXiv 2508.18723), who set them by the frequency of the classes.
Tensor class_levels(const Tensor& levels, const Tensor& labels);

}  // namespace sluice::ops
