// SPDX-License-Identifier: Apache-2.0
// The first elements of each line of x [O,N,I] in an order: its largest or smallest. Bound by bytes for few of them;
// the CUDA device reads a line, from the caches, once for each.
#pragma once

#include <cstdint>

#include <sluice/base/exec.h>
#include <sluice/base/host_device.h>
#include <sluice/base/instantiate.h>
#include <sluice/base/types.h>

namespace sluice::kernels {

enum class Order : std::uint8_t { largest, smallest };

struct OrderGeometry {
  std::int64_t outer, extent, inner;  // O, N < 2^31, I
  std::int64_t count;                 // how many are wanted of a line, from 0 to N
  Order order = Order::largest;
};

// Whether element i of a line, of value a, stands before element j of value b: NaN first, then by value, equal ones by
// place.
template <class R>
SLUICE_HOST_DEVICE inline bool stands_before(Order order, R a, std::int32_t i, R b, std::int32_t j) {
  const bool a_is_nan = a != a, b_is_nan = b != b;
  if (a_is_nan || b_is_nan) return a_is_nan && b_is_nan ? i < j : a_is_nan;
  if (a == b) return i < j;
  return order == Order::largest ? a > b : a < b;
}

template <class Device>
struct Ordering {
  // index [O,count,I]: the places in the line of its first `count` elements, in order.
  template <class T>
  static void first(const Exec&, const OrderGeometry&, const T* x, std::int32_t* index);
};

}  // namespace sluice::kernels
