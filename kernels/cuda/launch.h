// SPDX-License-Identifier: Apache-2.0
// What the CUDA runtime answers, as exceptions.
#pragma once

#include <cuda_runtime_api.h>

#include <sluice/base/error.h>
#include <sluice/base/exec.h>

namespace sluice::kernels::cuda {

// Throws DeviceError with the runtime's reason, unless `status` is a success.
void check(cudaError_t status, const char* what);

struct LaunchConfig {
  const char* name;  // of the kernel, for errors
  dim3 grid;
  dim3 block;
  std::size_t shared_bytes = 0;  // dynamic
};

// Throws DeviceError naming kernel, grid and block where a launch failed; with SLUICE_SYNC_LAUNCHES=1 in the
// environment it waits for the kernel, so that a fault is reported by the launch that made it.
void check_launch(const Exec& exec, const LaunchConfig& config, cudaError_t status);

inline cudaStream_t stream_of(const Exec& exec) { return static_cast<cudaStream_t>(exec.stream); }

}  // namespace sluice::kernels::cuda
