// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/runtime/stopwatch.h>

#include <sluice/base/error.h>
#include <sluice/kernels/cuda/stopwatch.h>

namespace sluice::kernels {

std::unique_ptr<Stopwatch> Stopwatch::on(const Exec& exec) {
  if (exec.device.kind == DeviceKind::cpu) throw DeviceError("the cpu device has no stopwatch of its own");
  return cuda::make_stopwatch(exec);
}

}  // namespace sluice::kernels
