// SPDX-License-Identifier: Apache-2.0
// The CUDA runtime on the host: the functions that cuda_runtime_api.h declares, as far as Sluice calls them, are in
// runtime_*.cpp. This is what else the device language and the CUDA device's own memory code ask of it.
#pragma once

#include <cuda_runtime_api.h>

#include <memory>

#include <sluice/emulator/emulator.h>

namespace sluice::emulator {

// Puts a launch into a stream; `call` is its argument and lives as long as the launch may run.
cudaError_t enqueue_launch(cudaStream_t stream, Launch launch, std::shared_ptr<void> call);

// In the stream's order: `memory`, a whole allocation, serves `bytes` from here on. What it held is lost (0xFF is
// written over it, the checked build takes it for uninitialised), and in the checked build the rest must not be
// touched.
void note_reuse(cudaStream_t stream, void* memory, std::size_t bytes);

}  // namespace sluice::emulator
