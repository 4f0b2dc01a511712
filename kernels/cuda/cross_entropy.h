// SPDX-License-Identifier: Apache-2.0
// One row of kernels/cross_entropy.h, for the kernels that need it: `lanes` threads a row (kernels/cuda/rows.h).
#pragma once

#include "kernels/cross_entropy.h"
#include "kernels/cuda/rows.h"

namespace sluice::kernels::cuda {

__device__ __forceinline__ float weight_of(const float* class_weights, std::int64_t label) {
  return class_weights == nullptr ? 1 : class_weights[label];
}

// Every lane gets the row's loss, 0 for a row to ignore, and writes its log-sum-exp.
template <int lanes, class T>
__device__ float row_loss_of(const CrossEntropyGeometry& g, const T* x, std::int32_t label, const float* class_weights,
                             float* log_sum_exp) {
  const Exponentials of_row = exponentials_of<lanes>(g.classes, x);
  // Apart from the largest logit, so that big logits leave the loss its digits.
  const float log_sum = logf(of_row.sum);
  if (lane_of_row<lanes>() == 0) *log_sum_exp = of_row.largest + log_sum;
  if (label == g.ignore_index) return 0;
  const auto smoothing = static_cast<float>(g.label_smoothing);
  float loss = -(1 - smoothing) * weight_of(class_weights, label) * ((to_float(x[label]) - of_row.largest) - log_sum);
  if (smoothing > 0) {
    float sum = 0;
    for (std::int64_t c = lane_of_row<lanes>(); c < g.classes; c += lanes)
      sum += weight_of(class_weights, c) * ((to_float(x[c]) - of_row.largest) - log_sum);
    loss -= smoothing / static_cast<float>(g.classes) * lanes_reduce<lanes>(sum, Plus{});
  }
  return loss;
}

// dx = factor times the derivative of the row's loss; zeros for a row to ignore.
template <int lanes, class T>
__device__ void row_gradient(const CrossEntropyGeometry& g, const T* x, std::int32_t label, const float* class_weights,
                             float log_sum_exp, float factor, T* dx) {
  if (label == g.ignore_index) {
    for (std::int64_t c = lane_of_row<lanes>(); c < g.classes; c += lanes) dx[c] = from_float<T>(0);
    return;
  }
  const auto smoothing = static_cast<float>(g.label_smoothing);
  const float label_part = factor * ((1 - smoothing) * weight_of(class_weights, label));
  const float smooth_part = factor * (smoothing / static_cast<float>(g.classes));
  float weights = static_cast<float>(g.classes);
  if (class_weights != nullptr && smoothing > 0) {
    weights = 0;
    for (std::int64_t c = lane_of_row<lanes>(); c < g.classes; c += lanes) weights += class_weights[c];
    weights = lanes_reduce<lanes>(weights, Plus{});
  }
  const float probability_part = label_part + smooth_part * weights;
  for (std::int64_t c = lane_of_row<lanes>(); c < g.classes; c += lanes) {
    const float target = smooth_part * weight_of(class_weights, c) + (c == label ? label_part : 0);
    dx[c] = from_float<T>(probability_part * expf(to_float(x[c]) - log_sum_exp) - target);
  }
}

// Sums over rows in double: of the losses and of their weights. A whole block calls it.
struct LossSums {
  double losses, weights;

  __device__ void add(float loss, std::int32_t label, std::int32_t ignore_index, const float* class_weights) {
    if (label == ignore_index) return;
    losses += loss;
    weights += weight_of(class_weights, label);
  }
  template <int threads>
  __device__ LossSums over_block() const {
    return {block_reduce<threads>(losses, 0.0, Plus{}), block_reduce<threads>(weights, 0.0, Plus{})};
  }
};

}  // namespace sluice::kernels::cuda
