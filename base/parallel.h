// SPDX-License-Identifier: Apache-2.0
// Work over one OpenMP pool, the one that oneDNN uses too.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include <sluice/base/threads.h>

namespace sluice {

// Calls body(begin, end) on contiguous parts of [0, n), in parallel where n is worth it (a part holds at least `grain`
// items). The body must not depend on how the range is cut: sums belong in fixed chunks (see chunk_count).
template <class Body>
void parallel_for(std::int64_t n, std::int64_t grain, const Body& body) {
  const std::int64_t most = in_parallel_region() ? 1 : thread_count();
  const std::int64_t parts = std::clamp<std::int64_t>(n / std::max<std::int64_t>(grain, 1), 1, most);
  if (parts == 1) {
    if (n > 0) body(std::int64_t{0}, n);
    return;
  }
#pragma omp parallel num_threads(static_cast <int>(parts))
  {
    const std::int64_t part = thread_index();
    const std::int64_t begin = n * part / parts;
    const std::int64_t end = n * (part + 1) / parts;
    if (begin < end) body(begin, end);
  }
}

// Elements that are worth a thread of their own in a loop bound by memory.
inline constexpr std::int64_t kElementGrain = 32768;

}  // namespace sluice
