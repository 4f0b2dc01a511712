// SPDX-License-Identifier: Apache-2.0
// What an operation can leave beside its result for the batch norm that follows, which then need not read it twice.
#pragma once

#include <sluice/core/tensor.h>

namespace sluice::ops {

// Of a result [rows,C], or [N,H,W,C] with rows = N*H*W, by runs of `run` rows: values [2,ceil(rows/run),C], the means
// of each run and its sums of squared deviations from them. Undefined where the operation left none.
struct BatchMoments {
  Tensor values;
  std::int64_t run = 0;

  bool defined() const { return values.defined(); }
};

}  // namespace sluice::ops
