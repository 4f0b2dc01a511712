// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/core/ops/flood_rows.h>
#include <sluice/kernels/flood.h>

namespace sluice::ops {

// What flood_rows was given, as the kernels take it.
struct FloodArguments {
  kernels::FloodRule rule;
  Tensor one;      // f64 [], or undefined where there is ...
  Tensor of_rows;  // ... a level a row, [N] in the type of the losses

  template <class T>
  kernels::FloodLevels<T> levels() const {
    return {.one = one.data<double>(), .of_rows = of_rows.data<T>()};
  }
};

// For losses [N] of that type and device. Throws what flood_rows promises, in the name of `op`.
void check_flood_level(const char* op, double level);
FloodArguments check_flood_rows(const char* op, const Shape& rows, DType dtype, Device device, const Tensor& levels,
                                const FloodOptions& options);

}  // namespace sluice::ops
