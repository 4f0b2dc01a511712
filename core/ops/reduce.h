// SPDX-License-Identifier: Apache-2.0
// Reductions of x over `axes`, or over all axes where none is given; a negative axis counts from the innermost (-1).
// The axes go, unless they are kept with extent 1. Deterministic: sums have a fixed order. f32, bf16 and f64, and where
// it says so, i32 and u8. All throw std::invalid_argument for an axis that is not there or is given twice.
#pragma once

#include <vector>

#include <sluice/core/tape.h>

namespace sluice::ops {

using Axes = std::vector<int>;
enum class KeepAxes : bool { no, yes };

// Integers too: the sum of i32 and of u8 is i32, without a gradient.
Variable sum(const Variable& x, const Axes& axes = {}, KeepAxes keep = KeepAxes::no);
// NaN of nothing, as NumPy.
Variable mean(const Variable& x, const Axes& axes = {}, KeepAxes keep = KeepAxes::no);

// The mean square of the differences to the mean, over n - correction instead of n: correction 1 estimates a
// population's variance from a sample and is what PyTorch takes when it is not told.
Variable variance(const Variable& x, const Axes& axes = {}, int correction = 1, KeepAxes keep = KeepAxes::no);
// Its square root; where it is 0, its gradient is 0.
Variable standard_deviation(const Variable& x, const Axes& axes = {}, int correction = 1, KeepAxes keep = KeepAxes::no);

// NaN where there is one. The gradient is shared evenly among equal largest elements, as by torch.amax. Integers too.
// Throws where there is nothing to reduce.
Variable max(const Variable& x, const Axes& axes = {}, KeepAxes keep = KeepAxes::no);
Variable min(const Variable& x, const Axes& axes = {}, KeepAxes keep = KeepAxes::no);

// log sum e^x, without overflow; -infinity where all are.
Variable logsumexp(const Variable& x, const Axes& axes = {}, KeepAxes keep = KeepAxes::no);

// sum |x|; sqrt(sum x^2), whose gradient at 0 is 0; max |x|.
enum class Norm : unsigned char { one, two, infinity };
Variable norm(const Variable& x, Norm kind = Norm::two, const Axes& axes = {}, KeepAxes keep = KeepAxes::no);

// Masks, of type u8: whether an element, or every one, is not 0; without a gradient. Integers too.
Variable any(const Variable& x, const Axes& axes = {}, KeepAxes keep = KeepAxes::no);
Variable all(const Variable& x, const Axes& axes = {}, KeepAxes keep = KeepAxes::no);

}  // namespace sluice::ops
