// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/base/exec.h>
#include "apps/bench/ceilings.h"

namespace sluice::bench {

// What a CUDA device can do at best, measured: a copy within its memory, bytes read and written, and a large product of
// matrices by the fastest engine there is. Nothing counts as cached: the benchmarks flush the L2 cache.
Ceilings measure_ceilings(Device device);

}  // namespace sluice::bench
