// SPDX-License-Identifier: Apache-2.0
// Running sums along the lines of x [O,N,I]. Bound by bytes: x is read once and y written once. Sums are in double on
// the CPU, in float on the CUDA device; i32 wraps around.
#pragma once

#include <cstdint>

#include <sluice/base/exec.h>
#include <sluice/base/instantiate.h>
#include <sluice/base/types.h>

namespace sluice::kernels {

// From the first element of a line on, or from the last one back.
enum class Direction : std::uint8_t { forward, backward };

struct CumulativeGeometry {
  std::int64_t outer, extent, inner;  // O, N, I
  Direction direction = Direction::forward;
};

template <class Device>
struct Cumulative {
  // y_i = x_0 + ... + x_i, or x_i + ... + x_(N-1); y may be x.
  template <class T>
  static void sum(const Exec&, const CumulativeGeometry&, const T* x, T* y);
};

using CumulativeTypesOnCpu = Types<float, BFloat16, double, std::int32_t>;
using CumulativeTypesOnCuda = Types<float, BFloat16, std::int32_t>;

}  // namespace sluice::kernels
