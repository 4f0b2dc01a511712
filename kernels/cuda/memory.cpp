// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/cuda/memory.h>

#include <cuda_runtime_api.h>

#include <sluice/kernels/cuda/devices.h>
#include <sluice/kernels/cuda/launch.h>
#include <sluice/kernels/cuda/staging.h>

namespace sluice::kernels::cuda {
namespace {

void require_no_capture(const Exec& exec) {
  cudaStreamCaptureStatus capturing = cudaStreamCaptureStatusNone;
  check(cudaStreamIsCapturing(stream_of(exec), &capturing), "cudaStreamIsCapturing");
  if (capturing != cudaStreamCaptureStatusNone)
    throw DeviceError("CUDA: a copy between host and device can't be part of a captured step");
}

}  // namespace

void* raw_allocate(Device device, std::size_t bytes) {
  exec_on(device);
  void* memory = nullptr;
  const cudaError_t status = cudaMalloc(&memory, bytes);
  if (status == cudaErrorMemoryAllocation) {
    cudaGetLastError();
    return nullptr;
  }
  check(status, "cudaMalloc");
  return memory;
}

void raw_free(void* memory) noexcept { cudaFree(memory); }

MemoryInfo memory_info(Device device) {
  exec_on(device);
  MemoryInfo info;
  check(cudaMemGetInfo(&info.free, &info.total), "cudaMemGetInfo");
  return info;
}

void copy_bytes(const Exec& exec, Device to_device, void* to, Device from_device, const void* from, std::size_t bytes) {
  if (from_device.kind == DeviceKind::cpu) {
    require_no_capture(exec);
    return staging(to_device).upload(exec, to, from, bytes);
  }
  const bool to_host = to_device.kind == DeviceKind::cpu;
  if (to_host) require_no_capture(exec);
  // Streams of two devices don't know of each other.
  if (!to_host && to_device != from_device) synchronize(exec_on(from_device));
  check(cudaMemcpyAsync(to, from, bytes, cudaMemcpyDefault, stream_of(exec)), "cudaMemcpyAsync");
  if (to_host) synchronize(exec);
}

void fill_zero(const Exec& exec, void* memory, std::size_t bytes) {
  check(cudaMemsetAsync(memory, 0, bytes, stream_of(exec)), "cudaMemsetAsync");
}

}  // namespace sluice::kernels::cuda
