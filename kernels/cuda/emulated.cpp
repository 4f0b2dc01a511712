// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/cuda/emulated.h>

#include <sluice/emulator/runtime.h>
#include <sluice/kernels/cuda/launch.h>

namespace sluice::kernels::cuda {

bool is_emulated() { return true; }

void note_reuse(const Exec& exec, void* memory, std::size_t bytes) {
  emulator::note_reuse(stream_of(exec), memory, bytes);
}

}  // namespace sluice::kernels::cuda
