// SPDX-License-Identifier: Apache-2.0
#include <sluice/analysis/calibration.h>

#include <algorithm>
#include <cmath>

#include <sluice/base/error.h>

namespace sluice::analysis {
namespace {

constexpr const char* kWhere = "calibrate";

struct Prediction {
  double confidence = 0;
  bool right = false;
};

Prediction predict(const double* logits, std::int64_t classes, std::int32_t label) {
  const double* largest = std::max_element(logits, logits + classes);
  double sum = 0;
  for (std::int64_t c = 0; c < classes; ++c) {
    require(std::isfinite(logits[c]), kWhere, "expects finite logits, got ", logits[c]);
    sum += std::exp(logits[c] - *largest);
  }
  return {.confidence = 1 / sum, .right = largest - logits == label};
}

}  // namespace

Calibration calibrate(const Tensor& logits, const Tensor& labels, std::int64_t bins) {
  const Shape& shape = logits.shape();
  require(logits.defined() && shape.rank() == 2 && shape[0] >= 1 && shape[1] >= 1, kWhere,
          "expects logits [N,C] of at least one image, got ", shape);
  require(labels.defined() && labels.dtype() == DType::i32 && labels.shape() == Shape{shape[0]}, kWhere,
          "labels expect i32[", shape[0], "], got ", name_of(labels.dtype()), labels.shape());
  require(bins >= 1, kWhere, "expects at least one bin, got ", bins);
  const std::vector<double> values = logits.cast(DType::f64).to_vector<double>();
  const std::vector<std::int32_t> truth = labels.to_vector<std::int32_t>();

  Calibration result;
  for (std::int64_t b = 0; b < bins; ++b)
    result.bins.push_back({.low = static_cast<double>(b) / static_cast<double>(bins),
                           .high = static_cast<double>(b + 1) / static_cast<double>(bins)});
  const auto images = static_cast<double>(shape[0]);
  for (std::size_t i = 0; i < truth.size(); ++i) {
    const Prediction prediction = predict(values.data() + static_cast<std::int64_t>(i) * shape[1], shape[1], truth[i]);
    const auto place = static_cast<std::int64_t>(std::ceil(prediction.confidence * static_cast<double>(bins))) - 1;
    CalibrationBin& bin = result.bins[static_cast<std::size_t>(std::clamp<std::int64_t>(place, 0, bins - 1))];
    ++bin.images;
    bin.confidence += prediction.confidence;
    bin.accuracy += prediction.right ? 1 : 0;
    result.confidence += prediction.confidence / images;
    result.accuracy += (prediction.right ? 1 : 0) / images;
  }
  for (CalibrationBin& bin : result.bins) {
    const auto count = static_cast<double>(bin.images);
    bin.confidence /= count;
    bin.accuracy /= count;
    if (bin.images == 0) continue;
    const double gap = std::abs(bin.accuracy - bin.confidence);
    result.expected_error += count / images * gap;
    result.largest_error = std::max(result.largest_error, gap);
  }
  return result;
}

}  // namespace sluice::analysis
