// SPDX-License-Identifier: Apache-2.0
// Softmax cross entropy of one row, and its gradient, as kernels/cross_entropy.h has them.
#pragma once

#include <sluice/kernels/cross_entropy.h>
#include <sluice/kernels/cuda/row_means.h>

namespace sluice::kernels::cuda {

struct CrossEntropyTarget {
  std::int64_t classes;
  float smoothing;
  std::int32_t ignore_index;
  const std::int32_t* labels;
  const float* class_weights;

  CrossEntropyTarget(const CrossEntropyGeometry& geometry, const std::int32_t* labels_, const float* class_weights_)
      : classes(geometry.classes),
        smoothing(static_cast<float>(geometry.label_smoothing)),
        ignore_index(geometry.ignore_index),
        labels(labels_),
        class_weights(class_weights_) {}

  // A label that is no class makes everything NaN: nobody could refuse it without waiting for the device.
  __device__ __forceinline__ bool known(std::int32_t label) const { return label >= 0 && label < classes; }
  __device__ __forceinline__ float weight_of_class(std::int64_t c) const {
    return class_weights == nullptr ? 1.0f : __ldg(class_weights + c);
  }
  __device__ __forceinline__ float weight_of(std::int32_t label) const {
    return known(label) ? weight_of_class(label) : NAN;
  }
};

struct RowLoss {
  float loss, log_sum_exp, weight;
};

// Asked of all lanes of a row; `logits` is where the row begins.
template <class Row, class T>
__device__ __forceinline__ RowLoss row_loss(const CrossEntropyTarget& target, const Row& row, std::int32_t label,
                                            const T* logits) {
  const float largest = row.maximum();
  // Apart from the largest logit, so that big logits leave the loss its digits.
  const float log_sum = logf(row.sum([&](std::int64_t, float value) { return expf(value - largest); }));
  RowLoss result{0, largest + log_sum, 0};
  float smooth = 0;
  if (target.smoothing > 0)
    smooth =
        row.sum([&](std::int64_t c, float value) { return target.weight_of_class(c) * ((value - largest) - log_sum); });
  if (label == target.ignore_index) return result;
  result.weight = target.weight_of(label);
  const float own = target.known(label) ? to_float(logits[label]) : NAN;
  result.loss = -(1 - target.smoothing) * result.weight * ((own - largest) - log_sum);
  if (target.smoothing > 0) result.loss -= target.smoothing / static_cast<float>(target.classes) * smooth;
  return result;
}

// dlogits of one row from what reaches its loss times `factor`; zeros for a row to ignore. Asked of all lanes.
template <class Row, class T>
__device__ __forceinline__ void write_row_gradient(const CrossEntropyTarget& target, const Row& row, bool live,
                                                   std::int32_t label, float log_sum_exp, float factor, T* dlogits) {
  const float smooth_part = factor * (target.smoothing / static_cast<float>(target.classes));
  const float label_part = factor * ((1 - target.smoothing) * target.weight_of(label));
  float smooth_weights = static_cast<float>(target.classes);
  if (target.smoothing > 0 && target.class_weights != nullptr)
    smooth_weights = row.sum([&](std::int64_t c, float) { return target.weight_of_class(c); });
  if (!live) return;
  const float probability_part = label_part + smooth_part * smooth_weights;
  const bool ignored = label == target.ignore_index;
  row.each([&](std::int64_t c, float value) {
    const float wanted = smooth_part * target.weight_of_class(c) + (c == label ? label_part : 0.0f);
    const float gradient = probability_part * expf(value - log_sum_exp) - wanted;
    dlogits[c] = from_float<T>(ignored ? 0.0f : gradient);
  });
}

}  // namespace sluice::kernels::cuda
