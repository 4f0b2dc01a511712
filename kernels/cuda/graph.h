// SPDX-License-Identifier: Apache-2.0
// CUDA graphs, behind kernels/base/graph.h.
#pragma once

#include "kernels/base/graph.h"

namespace sluice::kernels::cuda {

void begin_recording(const Exec& exec);
std::unique_ptr<RecordedWork> end_recording(const Exec& exec);
void abandon_recording(const Exec& exec) noexcept;

}  // namespace sluice::kernels::cuda
