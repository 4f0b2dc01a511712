// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/runtime/graph.h>

#include <sluice/base/error.h>
#include <sluice/kernels/cuda/graph.h>

namespace sluice::kernels {
namespace {

void require_graphs(const Exec& exec) {
  if (exec.device.kind == DeviceKind::cpu) throw DeviceError("the cpu device records no graphs");
}

}  // namespace

void begin_recording(const Exec& exec) {
  require_graphs(exec);
  return cuda::begin_recording(exec);
}

std::unique_ptr<RecordedWork> end_recording(const Exec& exec) {
  require_graphs(exec);
  return cuda::end_recording(exec);
}

void abandon_recording(const Exec& exec) noexcept {
  if (exec.device.kind != DeviceKind::cpu) cuda::abandon_recording(exec);
}

}  // namespace sluice::kernels
