// SPDX-License-Identifier: Apache-2.0
// Where a kernel runs: a device and, on a GPU, the stream that orders its work.
#pragma once

#include <ostream>

namespace sluice {

enum class DeviceKind : unsigned char { cpu, cuda };

struct Device {
  DeviceKind kind = DeviceKind::cpu;
  int index = 0;

  friend bool operator==(const Device&, const Device&) = default;
  friend std::ostream& operator<<(std::ostream& out, const Device& device) {
    if (device.kind == DeviceKind::cpu) return out << "cpu";
    return out << "cuda:" << device.index;
  }
};

// Tags by which kernels are declared once for all devices: `Softmax<Cpu>::forward`, `Softmax<Cuda>::forward`.
struct Cpu {};
struct Cuda {};

struct Exec {
  Device device;
  void* stream = nullptr;
};

}  // namespace sluice
