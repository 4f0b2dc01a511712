// SPDX-License-Identifier: Apache-2.0
#include "kernels/cuda/emulated.h"

#include "kernels/cuda/launch.h"
#include "kernels/emulator/runtime.h"

namespace sluice::kernels::cuda {

bool is_emulated() { return true; }

void note_reuse(const Exec& exec, void* memory, std::size_t bytes) {
  emulator::note_reuse(stream_of(exec), memory, bytes);
}

}  // namespace sluice::kernels::cuda
