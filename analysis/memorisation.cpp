// SPDX-License-Identifier: Apache-2.0
#include <sluice/analysis/memorisation.h>

#include <algorithm>

#include <sluice/base/error.h>

namespace sluice::analysis {

Memorisation memorisation(const Tensor& logits, std::span<const std::int32_t> given,
                          std::span<const std::int32_t> truth) {
  const Shape& shape = logits.shape();
  require(logits.defined() && shape.rank() == 2 && shape[1] >= 1, "memorisation", "expects logits [N,C], got ", shape);
  const auto rows = static_cast<std::size_t>(shape[0]);
  require(given.size() == rows && truth.size() == rows, "memorisation", "expects ", rows, " labels, got ", given.size(),
          " and ", truth.size());
  const std::vector<double> values = logits.cast(DType::f64).to_vector<double>();
  Memorisation result;
  for (std::size_t i = 0; i < rows; ++i) {
    if (given[i] == truth[i]) continue;
    const double* row = values.data() + static_cast<std::int64_t>(i) * shape[1];
    const auto predicted = std::max_element(row, row + shape[1]) - row;
    ++result.images;
    result.memorised += predicted == given[i] ? 1 : 0;
    result.corrected += predicted == truth[i] ? 1 : 0;
  }
  result.memorised /= static_cast<double>(result.images);
  result.corrected /= static_cast<double>(result.images);
  return result;
}

}  // namespace sluice::analysis
