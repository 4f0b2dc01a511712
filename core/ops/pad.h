// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/core/tape.h>

namespace sluice::ops {

// x [...,C] with `before` and `after` channels of zeros around: [...,before+C+after]. The shortcut of ResNet's option A
// (He et al., "Deep residual learning", 2016, section 3.3) with avg_pool2d of kernel 1. Throws std::invalid_argument
// for a negative count.
Variable pad_channels(const Variable& x, std::int64_t before, std::int64_t after);

}  // namespace sluice::ops
