// SPDX-License-Identifier: Apache-2.0
// The time between two points of a device's stream, as the device itself measures it.
#pragma once

#include <memory>

#include <sluice/base/exec.h>

namespace sluice::kernels {

class Stopwatch {
 public:
  // Of a CUDA device; throws DeviceError on the CPU, whose work can be timed by the host's clock.
  static std::unique_ptr<Stopwatch> on(const Exec& exec);

  virtual ~Stopwatch() = default;
  Stopwatch(const Stopwatch&) = delete;
  Stopwatch& operator=(const Stopwatch&) = delete;

  // Neither waits.
  virtual void start() = 0;
  virtual void stop() = 0;
  // From start to stop; waits for the stop.
  virtual double seconds() = 0;

 protected:
  Stopwatch() = default;
};

}  // namespace sluice::kernels
