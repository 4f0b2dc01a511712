// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/runtime/device.h>

#include <sluice/kernels/cuda/devices.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::kernels {
namespace {

bool on_cpu(Device device) { return device.kind == DeviceKind::cpu; }

}  // namespace

bool built_with_cuda() { return SLUICE_WITH_CUDA_ELSE(true, false); }

int cuda_device_count() { return SLUICE_WITH_CUDA_ELSE(cuda::device_count(), 0); }

std::string why_unusable(Device device) {
  if (on_cpu(device)) return device.index == 0 ? "" : "there is one cpu device, number 0";
  return SLUICE_WITH_CUDA_ELSE(cuda::why_unusable(device.index),
                               std::string("this build of Sluice has no CUDA device"));
}

DeviceDescription describe([[maybe_unused]] Device device) { SLUICE_ON_CUDA(describe(device)); }

Exec exec_on(Device device) {
  if (on_cpu(device)) return {.device = device};
  SLUICE_ON_CUDA(exec_on(device));
}

void synchronize(const Exec& exec) {
  if (!on_cpu(exec.device)) SLUICE_ON_CUDA(synchronize(exec));
}

}  // namespace sluice::kernels
