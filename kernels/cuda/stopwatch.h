// SPDX-License-Identifier: Apache-2.0
// CUDA events, behind kernels/runtime/stopwatch.h.
#pragma once

#include <sluice/kernels/runtime/stopwatch.h>

namespace sluice::kernels::cuda {

std::unique_ptr<Stopwatch> make_stopwatch(const Exec& exec);

}  // namespace sluice::kernels::cuda
