// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/cuda/launch.h>

#include <cstdlib>
#include <string_view>

namespace sluice::kernels::cuda {
namespace {

bool every_launch_waits() {
  static const bool waits = [] {
    const char* set = std::getenv("SLUICE_SYNC_LAUNCHES");
    return set != nullptr && std::string_view(set) != "0" && std::string_view(set) != "";
  }();
  return waits;
}

std::string text(const dim3& extents) { return concat("(", extents.x, ",", extents.y, ",", extents.z, ")"); }

// What to do about it, where that is known.
const char* advice(cudaError_t status) {
  switch (status) {
    case cudaErrorNoKernelImageForDevice:
      return "; this build has no code for the device: add its compute capability to CMAKE_CUDA_ARCHITECTURES";
    case cudaErrorIllegalAddress:
    case cudaErrorIllegalInstruction:
    case cudaErrorMisalignedAddress:
    case cudaErrorLaunchFailure:
      return every_launch_waits() ? "" : "; SLUICE_SYNC_LAUNCHES=1 finds the kernel that did it";
    default: return "";
  }
}

}  // namespace

void check(cudaError_t status, const char* what) {
  if (status == cudaSuccess) return;
  throw DeviceError(
      concat("CUDA: ", what, " failed: ", cudaGetErrorName(status), ", ", cudaGetErrorString(status), advice(status)));
}

void check_launch(const Exec& exec, const LaunchConfig& config, cudaError_t status) {
  if (status == cudaSuccess && every_launch_waits()) {
    cudaStreamCaptureStatus capturing = cudaStreamCaptureStatusNone;
    status = cudaStreamIsCapturing(stream_of(exec), &capturing);
    if (status == cudaSuccess && capturing == cudaStreamCaptureStatusNone)
      status = cudaStreamSynchronize(stream_of(exec));
  }
  if (status == cudaSuccess) return;
  throw DeviceError(concat("CUDA: kernel ", config.name, " with grid ", text(config.grid), ", block ",
                           text(config.block), " and ", config.shared_bytes, " bytes of shared memory failed: ",
                           cudaGetErrorName(status), ", ", cudaGetErrorString(status), advice(status)));
}

}  // namespace sluice::kernels::cuda
