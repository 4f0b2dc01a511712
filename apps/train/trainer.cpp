// SPDX-License-Identifier: Apache-2.0
#include "apps/train/trainer.h"

#include <fmt/format.h>
#include <omp.h>

#include <chrono>
#include <cmath>

#include "apps/common/curves.h"
#include "apps/common/exit_codes.h"
#include "apps/common/interrupt.h"
#include "apps/common/progress.h"
#include "apps/common/table.h"
#include "apps/common/tensorboard.h"
#include "apps/common/tuning_file.h"
#include "core/ops.h"
#include "data/transform.h"
#include "nn/models.h"
#include "nn/state.h"
#include "optim/adam.h"
#include "optim/gradients.h"
#include "optim/sgd.h"

namespace sluice::apps {
namespace {

using Clock = std::chrono::steady_clock;

double seconds_since(Clock::time_point start) { return std::chrono::duration<double>(Clock::now() - start).count(); }

// Rows [first, first + count) of a tensor [N,...], copied.
Tensor rows(const Tensor& from, std::int64_t first, std::int64_t count) {
  std::vector<std::int64_t> extents(from.shape().extents().begin(), from.shape().extents().end());
  const std::size_t row_bytes = from.bytes() / static_cast<std::size_t>(extents[0]);
  extents[0] = count;
  Tensor part = Tensor::empty(Shape(std::span<const std::int64_t>(extents)), from.dtype(), from.device());
  copy_range(part, from, static_cast<std::size_t>(first) * row_bytes);
  return part;
}

}  // namespace

}  // namespace sluice::apps
