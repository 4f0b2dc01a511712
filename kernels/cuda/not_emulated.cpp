// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/cuda/emulated.h>

namespace sluice::kernels::cuda {

bool is_emulated() { return false; }
void note_reuse(const Exec&, void*, std::size_t) {}

}  // namespace sluice::kernels::cuda
