// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include <sluice/core/mode.h>
#include <sluice/core/tape.h>

namespace sluice::ops {

// In training, each element of x becomes 0 with `probability` and x / (1 - probability) otherwise; in evaluation, and
// at probability 0, x itself. Which elements fall is a function of (seed, step, position): two layers of a model need
// different seeds, and a step repeated gets its mask again. Throws std::invalid_argument for a probability outside
// [0,1) and a step outside [0, 2^32).
Variable dropout(const Variable& x, double probability, std::uint64_t seed, std::int64_t step, Mode mode);
// The same with a step that is read where x is, on both ways: an f64 scalar on its device that holds a whole number in
// [0, 2^32) and stays what it is until the way back has run.
Variable dropout(const Variable& x, double probability, std::uint64_t seed, const Tensor& step, Mode mode);

}  // namespace sluice::ops
