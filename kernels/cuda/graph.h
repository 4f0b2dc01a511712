// SPDX-License-Identifier: Apache-2.0
// CUDA graphs, behind kernels/runtime/graph.h.
#pragma once

#include <sluice/kernels/runtime/graph.h>

namespace sluice::kernels::cuda {

void begin_recording(const Exec& exec);
std::unique_ptr<RecordedWork> end_recording(const Exec& exec);
void abandon_recording(const Exec& exec) noexcept;

}  // namespace sluice::kernels::cuda
