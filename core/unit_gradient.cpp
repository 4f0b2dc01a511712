// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/unit_gradient.h>

#include <map>
#include <mutex>
#include <tuple>

namespace sluice {

Tensor unit_gradient(DType dtype, Device device) {
  // Never destroyed: a device may be gone before the program's last breath.
  static std::mutex& mutex = *new std::mutex;
  static auto& kept = *new std::map<std::tuple<DType, DeviceKind, int>, Tensor>;
  const std::lock_guard lock(mutex);
  Tensor& one = kept[{dtype, device.kind, device.index}];
  if (!one.defined()) one = Tensor::full({}, 1, dtype, device);
  return one;
}

}  // namespace sluice
