// SPDX-License-Identifier: Apache-2.0
// The time of one piece of work: by the host's clock on the CPU, on a CUDA device by its own events, with nothing of
// the operands left in its L2 cache.
#pragma once

#include <functional>
#include <memory>

#include <sluice/core/tensor.h>
#include <sluice/kernels/runtime/stopwatch.h>

namespace sluice::bench {

class Timer {
 public:
  explicit Timer(Device device);
  // Seconds of `work`.
  double time(const std::function<void()>& work);

 private:
  std::unique_ptr<kernels::Stopwatch> stopwatch_;
  Tensor larger_than_cache_;
};

}  // namespace sluice::bench
