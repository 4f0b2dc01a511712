// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/cuda/devices.h>

#include <cuda_runtime_api.h>

#include <array>
#include <mutex>

#include <sluice/kernels/cuda/emulated.h>
#include <sluice/kernels/cuda/launch.h>

namespace sluice::kernels::cuda {
namespace {

constexpr int kMostDevices = 16;
constexpr int kLeastMajor = 8;

std::string version_text(int version) { return concat(version / 1000, ".", version % 1000 / 10); }

// "" where there are devices; `count` is how many.
std::string enumerate(int& count) {
  count = 0;
  const cudaError_t status = cudaGetDeviceCount(&count);
  if (status == cudaSuccess && count > 0) return {};
  cudaGetLastError();
  int driver = 0, runtime = 0;
  cudaDriverGetVersion(&driver);
  cudaRuntimeGetVersion(&runtime);
  count = 0;
  if (driver == 0) return "there is no NVIDIA driver on this machine";
  if (status == cudaErrorInsufficientDriver)
    return concat("the NVIDIA driver knows CUDA up to ", version_text(driver), ", this build needs ",
                  version_text(runtime), "; update the driver");
  if (status == cudaErrorNoDevice || status == cudaSuccess) return "the NVIDIA driver shows no device";
  return concat("the NVIDIA driver reports ", cudaGetErrorName(status), ", ", cudaGetErrorString(status));
}

struct Found {
  int count = 0;
  std::string why_none;
};

const Found& found() {
  static const Found once = [] {
    Found result;
    result.why_none = enumerate(result.count);
    return result;
  }();
  return once;
}

int attribute(cudaDeviceAttr which, int index) {
  int value = 0;
  check(cudaDeviceGetAttribute(&value, which, index), "cudaDeviceGetAttribute");
  return value;
}

// A stream of our own a device: the default stream would wait for everybody else's.
cudaStream_t stream_on(int index) {
  static std::array<cudaStream_t, kMostDevices> streams{};
  static std::mutex mutex;
  const std::lock_guard lock(mutex);
  cudaStream_t& stream = streams[static_cast<std::size_t>(index)];
  if (stream == nullptr) {
    if (const std::string why = why_unusable(index); !why.empty())
      throw DeviceError(concat(Device{DeviceKind::cuda, index}, ": ", why));
    check(cudaSetDevice(index), "cudaSetDevice");
    check(cudaStreamCreateWithFlags(&stream, cudaStreamNonBlocking), "cudaStreamCreateWithFlags");
  }
  return stream;
}

}  // namespace

int device_count() { return std::min(found().count, kMostDevices); }

std::string why_unusable(int index) {
  if (!found().why_none.empty()) return found().why_none;
  if (index < 0 || index >= device_count())
    return concat("there is no device ", index, "; this machine has ", device_count(),
                  device_count() == 1 ? " (cuda:0)" : "");
  const int major = attribute(cudaDevAttrComputeCapabilityMajor, index);
  if (major < kLeastMajor)
    return concat("its compute capability is ", major, ".", attribute(cudaDevAttrComputeCapabilityMinor, index),
                  "; Sluice needs 8.0 (Ampere) or later");
  return {};
}

DeviceDescription describe(Device device) {
  if (const std::string why = why_unusable(device.index); !why.empty()) throw DeviceError(concat(device, ": ", why));
  cudaDeviceProp properties{};
  check(cudaGetDeviceProperties(&properties, device.index), "cudaGetDeviceProperties");
  return {.name = properties.name,
          .major = properties.major,
          .minor = properties.minor,
          .multiprocessors = properties.multiProcessorCount,
          .memory_bytes = properties.totalGlobalMem,
          .l2_cache_bytes = static_cast<std::size_t>(properties.l2CacheSize),
          .emulated = is_emulated()};
}

Exec exec_on(Device device) {
  if (device.index < 0 || device.index >= kMostDevices)
    throw DeviceError(concat(device, ": ", why_unusable(device.index)));
  const cudaStream_t stream = stream_on(device.index);
  thread_local int current = -1;
  if (current != device.index) {
    check(cudaSetDevice(device.index), "cudaSetDevice");
    current = device.index;
  }
  return {.device = device, .stream = stream};
}

void synchronize(const Exec& exec) { check(cudaStreamSynchronize(stream_of(exec)), "waiting for the device"); }

}  // namespace sluice::kernels::cuda
