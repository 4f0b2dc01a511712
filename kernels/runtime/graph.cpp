// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/runtime/graph.h>

#include <sluice/kernels/cuda/graph.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::kernels {
namespace {

void require_graphs(const Exec& exec) {
  if (exec.device.kind == DeviceKind::cpu) throw DeviceError("the cpu device records no graphs");
}

[[maybe_unused]] void abandon_on_cuda([[maybe_unused]] const Exec& exec) { SLUICE_ON_CUDA(abandon_recording(exec)); }

}  // namespace

void begin_recording(const Exec& exec) {
  require_graphs(exec);
  SLUICE_ON_CUDA(begin_recording(exec));
}

std::unique_ptr<RecordedWork> end_recording(const Exec& exec) {
  require_graphs(exec);
  SLUICE_ON_CUDA(end_recording(exec));
}

void abandon_recording(const Exec& exec) noexcept {
  if (exec.device.kind != DeviceKind::cpu) abandon_on_cuda(exec);
}

}  // namespace sluice::kernels
