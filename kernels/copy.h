// SPDX-License-Identifier: Apache-2.0
// Copies between strided parts of tensors: what permute, slice, flip, expand, concatenate and pad are made of. Bound by
// bytes: every element of the part is read once and written once.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include <sluice/base/exec.h>
#include <sluice/base/instantiate.h>
#include <sluice/base/types.h>

namespace sluice::kernels {

// The part of x that is read and the part of y that is written: element (i0, i1, ...) goes from x[sum_k i_k from_k] to
// y[sum_k i_k to_k]. Strides are in elements; those of x may be 0 (an element is repeated) or negative, those of y
// negative. No two elements go to one place, and none is written that is also read.
struct CopyPlan {
  static constexpr int kMaxAxes = 6;

  struct Axis {
    std::int64_t extent = 1, from = 0, to = 0;
  };

  int rank = 0;
  std::array<Axis, kMaxAxes> axes{};  // outermost first

  std::int64_t size() const;
  // The same copy with axes of extent 1 left out, in the order of y's strides, and neighbors merged where both sides
  // allow it; at least one axis.
  CopyPlan merged() const;
  // Of a merged plan without packs: the axis along which x is contiguous where the innermost axis is contiguous in y
  // only, and both are worth a tile; -1 where there is none. Such a copy is a transposition.
  int transposed_axis() const;
};

// Element types that can be copied, on every device.
using CopyTypes = Types<float, BFloat16, double, std::uint8_t, std::int32_t>;

template <class Device>
struct Copy {
  // y = x, elements of `element_bytes` (1, 2, 4 or 8).
  static void strided(const Exec&, const CopyPlan&, std::size_t element_bytes, const void* x, void* y);
  // y += x
  template <class T>
  static void add_strided(const Exec&, const CopyPlan&, const T* x, T* y);
};

}  // namespace sluice::kernels
