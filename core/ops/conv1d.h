// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/core/tape.h>

namespace sluice::ops {

struct Conv1dOptions {
  std::int64_t stride = 1;
  std::int64_t padding = 0;  // zeros on each side
  std::int64_t dilation = 1;
  std::int64_t groups = 1;
};

// y [N,Q,K] from sequences x [N,L,C], weight [K,S,C/groups] and bias [K] or an undefined Variable: conv2d of images of
// height 1, whose types and errors it has.
Variable conv1d(const Variable& x, const Variable& weight, const Variable& bias, const Conv1dOptions& options = {});

}  // namespace sluice::ops
