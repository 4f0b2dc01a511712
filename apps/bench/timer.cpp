// SPDX-License-Identifier: Apache-2.0
#include "apps/bench/timer.h"

#include <chrono>

#include <sluice/kernels/runtime/device.h>

namespace sluice::bench {

Timer::Timer(Device device) {
  if (device.kind == DeviceKind::cpu) return;
  const kernels::DeviceDescription about = kernels::describe(device);
  stopwatch_ = kernels::Stopwatch::on(kernels::exec_on(device));
  if (!about.emulated)
    larger_than_cache_ =
        Tensor::empty({static_cast<std::int64_t>(2 * about.l2_cache_bytes / sizeof(float))}, DType::f32, device);
}

double Timer::time(const std::function<void()>& work) {
  if (!stopwatch_) {
    const auto begin = std::chrono::steady_clock::now();
    work();
    return std::chrono::duration<double>(std::chrono::steady_clock::now() - begin).count();
  }
  // The device is busy with this while the host launches, so that a short kernel does not wait for its launch.
  if (larger_than_cache_.defined()) larger_than_cache_.fill(0);
  stopwatch_->start();
  work();
  stopwatch_->stop();
  return stopwatch_->seconds();
}

}  // namespace sluice::bench
