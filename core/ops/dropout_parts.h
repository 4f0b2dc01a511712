// SPDX-License-Identifier: Apache-2.0
// Dropout of whole parts of x; seed, step and mode are those of ops::dropout. What is kept is divided by
// 1 - probability. Both throw what ops::dropout throws, and for shapes that don't fit.
#pragma once

#include <sluice/core/mode.h>
#include <sluice/core/tape.h>

namespace sluice::ops {

// Each channel of each sample of x [N,...,C] becomes 0 as a whole with that probability
// (torch.nn.functional.dropout2d). Tompson et al., "Efficient object localization using convolutional networks", CVPR
// 2015, section 3.2.
Variable dropout_channels(const Variable& x, double probability, std::uint64_t seed, std::int64_t step, Mode mode);
Variable dropout_channels(const Variable& x, double probability, std::uint64_t seed, const Tensor& step, Mode mode);

// Each sample of x [N,...] as a whole: what a residual branch adds, or does not, to a sample. Huang et al., "Deep
// networks with stochastic depth", ECCV 2016.
Variable dropout_paths(const Variable& x, double probability, std::uint64_t seed, std::int64_t step, Mode mode);
Variable dropout_paths(const Variable& x, double probability, std::uint64_t seed, const Tensor& step, Mode mode);

}  // namespace sluice::ops
