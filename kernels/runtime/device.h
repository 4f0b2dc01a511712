// SPDX-License-Identifier: Apache-2.0
// Which devices there are, and the one stream of each on which the library runs everything.
#pragma once

#include <cstddef>
#include <string>

#include <sluice/base/exec.h>

namespace sluice::kernels {

// Whether this build has the CUDA device, real or emulated.
bool built_with_cuda();

// CUDA devices that the driver shows; 0 where the build has no such device, or there is no driver.
int cuda_device_count();

// Why `device` can't be used: not in this build, no driver, a driver older than the toolkit, no such index, an
// architecture below 8.0. Empty where it can; always for the CPU.
std::string why_unusable(Device device);

struct DeviceDescription {
  std::string name;  // "NVIDIA H100 80GB HBM3"
  int major = 0;     // compute capability
  int minor = 0;
  int multiprocessors = 0;
  std::size_t memory_bytes = 0;
  std::size_t l2_cache_bytes = 0;
  bool emulated = false;  // emulator, on the host
};
// Of a CUDA device. Throws DeviceError with the reason where it is unusable.
DeviceDescription describe(Device device);

// Where work on that device runs; the calling thread's current CUDA device becomes this one. Throws DeviceError with
// the reason where the device is unusable.
Exec exec_on(Device device);

// Waits for all work of `exec`, and throws DeviceError for what failed in it.
void synchronize(const Exec& exec);

}  // namespace sluice::kernels
