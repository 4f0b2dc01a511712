// SPDX-License-Identifier: Apache-2.0
// Whether a network is as sure as it is right: a reliability diagram and the expected calibration error. Source: Guo,
// Pleiss, Sun, Weinberger, "On calibration of modern neural networks", ICML 2017, section 2.
#pragma once

#include <cstdint>
#include <vector>

#include <sluice/core/tensor.h>

namespace sluice::analysis {

// The images whose confidence, the largest probability, is in (low, high]; 0 belongs to the first bin.
struct CalibrationBin {
  double low = 0, high = 0;
  std::int64_t images = 0;
  double confidence = 0;  // mean; NaN without images
  double accuracy = 0;    // share that is right; NaN without images
};

struct Calibration {
  std::vector<CalibrationBin> bins;  // equally wide, from 0 to 1
  double expected_error = 0;         // ECE: sum over the bins of images / N * |accuracy - confidence|
  double largest_error = 0;          // MCE: the largest |accuracy - confidence|
  double confidence = 0;             // means over all images
  double accuracy = 0;
};

// logits [N,C] in a floating type, labels i32 [N] in [0,C); of equal logits the first counts. Throws
// std::invalid_argument where these don't fit, N is 0, a logit is not finite or there is no bin.
Calibration calibrate(const Tensor& logits, const Tensor& labels, std::int64_t bins = 15);

}  // namespace sluice::analysis
