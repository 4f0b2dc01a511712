// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>

#include <sluice/core/tensor.h>

namespace sluice::analysis {

// What a network says of the training images whose labels are wrong.
struct Memorisation {
  std::int64_t images = 0;  // with a wrong label
  double memorised = 0;     // share whose given, wrong label it predicts; NaN without such images
  double corrected = 0;     // share whose true label it predicts, against what it was told
};

// logits [N,C]; given and true labels [N]. Of equal logits the first counts. Throws std::invalid_argument where the
// sizes don't fit.
Memorisation memorisation(const Tensor& logits, std::span<const std::int32_t> given,
                          std::span<const std::int32_t> truth);

}  // namespace sluice::analysis
