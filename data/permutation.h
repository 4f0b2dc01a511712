// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <numeric>
#include <utility>
#include <vector>

#include <sluice/base/philox.h>

namespace sluice::data {

// [0, size) in random order: Fisher and Yates, from the end, one word a step. size < 2^32.
inline std::vector<std::int64_t> permutation(std::int64_t size, PhiloxStream& random) {
  std::vector<std::int64_t> order(static_cast<std::size_t>(size));
  std::iota(order.begin(), order.end(), std::int64_t{0});
  for (std::size_t i = order.size(); i > 1; --i)
    std::swap(order[i - 1], order[random.next_below(static_cast<std::uint32_t>(i))]);
  return order;
}

}  // namespace sluice::data
