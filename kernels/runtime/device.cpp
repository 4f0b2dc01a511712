// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/runtime/device.h>

#include <sluice/config.h>
#include <sluice/kernels/cuda/devices.h>

namespace sluice::kernels {
namespace {

bool on_cpu(Device device) { return device.kind == DeviceKind::cpu; }

}  // namespace

bool built_with_cuda() { return kWithCuda; }

int cuda_device_count() { return cuda::device_count(); }

std::string why_unusable(Device device) {
  if (on_cpu(device)) return device.index == 0 ? "" : "there is one cpu device, number 0";
  return cuda::why_unusable(device.index);
}

DeviceDescription describe(Device device) { return cuda::describe(device); }

Exec exec_on(Device device) {
  if (on_cpu(device)) return {.device = device};
  return cuda::exec_on(device);
}

void synchronize(const Exec& exec) {
  if (!on_cpu(exec.device)) return cuda::synchronize(exec);
}

}  // namespace sluice::kernels
