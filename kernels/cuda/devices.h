// SPDX-License-Identifier: Apache-2.0
// The CUDA devices, behind kernels/runtime/device.h.
#pragma once

#include <string>

#include <sluice/kernels/runtime/device.h>

namespace sluice::kernels::cuda {

int device_count();
std::string why_unusable(int index);
DeviceDescription describe(Device device);
Exec exec_on(Device device);
void synchronize(const Exec& exec);

}  // namespace sluice::kernels::cuda
