// SPDX-License-Identifier: Apache-2.0
// The CUDA runtime on the host: the device and errors.
#include <cstdio>
#include <map>

#include <sluice/base/error.h>
#include <sluice/emulator/device_memory.h>
#include <sluice/emulator/settings.h>
#include <sluice/emulator/shared_memory.h>
#include <sluice/emulator/streams.h>

namespace sluice::emulator {
namespace {

// Of an H100, on which choices of the framework may depend.
constexpr int kMultiprocessors = 132;
constexpr int kL2Bytes = 50 << 20;

struct Errors {
  thread_local static cudaError_t last;
  cudaError_t of_kernel = cudaSuccess;
  std::map<cudaError_t, std::string> details;  // of the last of its kind
};
thread_local cudaError_t Errors::last = cudaSuccess;

Errors& errors() {
  static auto& errors = *new Errors;
  return errors;
}

struct Text {
  const char* name;
  const char* meaning;
};

Text text_of(cudaError_t code) {
#define SLUICE_ERROR(name, meaning)  \
  case name: return { #name, meaning \
    }
  switch (code) {
    SLUICE_ERROR(cudaSuccess, "no error");
    SLUICE_ERROR(cudaErrorInvalidValue, "invalid argument");
    SLUICE_ERROR(cudaErrorMemoryAllocation, "out of memory");
    SLUICE_ERROR(cudaErrorInvalidConfiguration, "invalid configuration argument");
    SLUICE_ERROR(cudaErrorInvalidDevice, "invalid device ordinal");
    SLUICE_ERROR(cudaErrorInsufficientDriver, "CUDA driver version is insufficient for CUDA runtime version");
    SLUICE_ERROR(cudaErrorNoDevice, "no CUDA-capable device is detected");
    SLUICE_ERROR(cudaErrorNoKernelImageForDevice, "no kernel image is available for execution on the device");
    SLUICE_ERROR(cudaErrorInvalidResourceHandle, "invalid resource handle");
    SLUICE_ERROR(cudaErrorNotReady, "device not ready");
    SLUICE_ERROR(cudaErrorLaunchFailure, "unspecified launch failure");
    SLUICE_ERROR(cudaErrorNotSupported, "operation not supported");
    SLUICE_ERROR(cudaErrorStreamCaptureUnsupported, "operation not permitted when stream is capturing");
    SLUICE_ERROR(cudaErrorStreamCaptureInvalidated, "operation failed due to a previous error during capture");
    SLUICE_ERROR(cudaErrorStreamCaptureMerge, "operation would result in a merge of separate capture sequences");
    SLUICE_ERROR(cudaErrorStreamCaptureUnmatched, "capture was not ended in the same stream as it began");
    SLUICE_ERROR(cudaErrorStreamCaptureUnjoined, "capturing stream has unjoined work");
    SLUICE_ERROR(cudaErrorStreamCaptureIsolation, "dependency created on uncaptured work in another stream");
    SLUICE_ERROR(cudaErrorStreamCaptureImplicit, "operation would make the legacy stream depend on a capturing stream");
    SLUICE_ERROR(cudaErrorStreamCaptureWrongThread, "attempt to terminate a thread-local capture from another thread");
    SLUICE_ERROR(cudaErrorCapturedEvent, "operation not permitted on an event last recorded in a capturing stream");
    SLUICE_ERROR(cudaErrorGraphExecUpdateFailure, "the graph update was not performed");
    default: return {"cudaErrorUnknown", "unknown error"};
  }
#undef SLUICE_ERROR
}

}  // namespace

cudaError_t error(cudaError_t code, std::string detail) {
  errors().details[code] = std::move(detail);
  return Errors::last = code;
}

cudaError_t kernel_error() {
  if (errors().of_kernel != cudaSuccess) Errors::last = errors().of_kernel;
  return errors().of_kernel;
}

void set_kernel_error(std::string failure) {
  errors().of_kernel = error(cudaErrorLaunchFailure, std::move(failure));
  streams().forget_everything();
}

}  // namespace sluice::emulator

using namespace sluice::emulator;

extern "C" {

cudaError_t cudaGetLastError() {
  const cudaError_t last = cudaPeekAtLastError();
  Errors::last = cudaSuccess;
  return last;
}

cudaError_t cudaPeekAtLastError() {
  const std::lock_guard lock(runtime_mutex());
  kernel_error();
  return Errors::last;
}

const char* cudaGetErrorName(cudaError_t code) { return text_of(code).name; }

// With what the emulator has to say of the last error of that kind.
const char* cudaGetErrorString(cudaError_t code) {
  const std::lock_guard lock(runtime_mutex());
  thread_local std::string text;
  const auto detail = errors().details.find(code);
  text = text_of(code).meaning;
  if (detail != errors().details.end() && !detail->second.empty()) text += ": " + detail->second;
  return text.c_str();
}

cudaError_t cudaDriverGetVersion(int* version) {
  *version = settings().driver;
  return cudaSuccess;
}

cudaError_t cudaRuntimeGetVersion(int* version) {
  *version = kBuildVersion;
  return cudaSuccess;
}

cudaError_t cudaGetDeviceCount(int* count) {
  SLUICE_RUNTIME_CALL;
  *count = settings().devices;
  // A driver of the same major version does.
  if (settings().driver / 1000 < kBuildVersion / 1000) return error(cudaErrorInsufficientDriver);
  return *count > 0 ? cudaSuccess : error(cudaErrorNoDevice);
}

cudaError_t cudaGetDevice(int* device) {
  SLUICE_RUNTIME_CALL;
  *device = 0;
  return cudaSuccess;
}

cudaError_t cudaSetDevice(int device) {
  SLUICE_RUNTIME_CALL;
  return device == 0 ? cudaSuccess
                     : error(cudaErrorInvalidDevice, sluice::concat("there is device 0 only, not ", device));
}

cudaError_t cudaGetDeviceProperties(cudaDeviceProp* properties, int device) {
  SLUICE_RUNTIME_CALL;
  if (device != 0) return error(cudaErrorInvalidDevice);
  *properties = {};
  std::snprintf(properties->name, sizeof properties->name, "Sluice's CUDA emulator");
  properties->totalGlobalMem = settings().memory_bytes;
  properties->sharedMemPerBlock = SharedMemory::kMostStatic;
  properties->sharedMemPerBlockOptin = SharedMemory::kMostOfBlock;
  properties->sharedMemPerMultiprocessor = std::size_t{228} << 10;
  properties->regsPerBlock = properties->regsPerMultiprocessor = 65536;
  properties->warpSize = 32;
  properties->maxThreadsPerBlock = 1024;
  properties->maxThreadsPerMultiProcessor = 2048;
  properties->major = settings().capability / 10;
  properties->minor = settings().capability % 10;
  properties->multiProcessorCount = kMultiprocessors;
  properties->l2CacheSize = kL2Bytes;
  properties->unifiedAddressing = 1;
  return cudaSuccess;
}

cudaError_t cudaDeviceGetAttribute(int* value, cudaDeviceAttr attribute, int device) {
  SLUICE_RUNTIME_CALL;
  if (device != 0) return error(cudaErrorInvalidDevice);
  switch (attribute) {
    case cudaDevAttrComputeCapabilityMajor: *value = settings().capability / 10; break;
    case cudaDevAttrComputeCapabilityMinor: *value = settings().capability % 10; break;
    case cudaDevAttrMultiProcessorCount: *value = kMultiprocessors; break;
    case cudaDevAttrMaxThreadsPerBlock: *value = 1024; break;
    case cudaDevAttrMaxThreadsPerMultiProcessor: *value = 2048; break;
    case cudaDevAttrWarpSize: *value = 32; break;
    case cudaDevAttrMaxSharedMemoryPerBlock: *value = static_cast<int>(SharedMemory::kMostStatic); break;
    case cudaDevAttrMaxSharedMemoryPerBlockOptin: *value = static_cast<int>(SharedMemory::kMostOfBlock); break;
    case cudaDevAttrL2CacheSize: *value = kL2Bytes; break;
    case cudaDevAttrMemoryPoolsSupported: *value = 1; break;
    default:
      return error(cudaErrorNotSupported,
                   sluice::concat("the emulator knows no device attribute ", static_cast<int>(attribute)));
  }
  return cudaSuccess;
}

cudaError_t cudaDeviceSynchronize() {
  SLUICE_RUNTIME_CALL;
  if (Capture* capture = streams().forbidding_capture()) return refuse_in_capture(*capture, "cudaDeviceSynchronize");
  return streams().finish_all();
}

// Forgets a kernel's failure and all work; memory and handles stay.
cudaError_t cudaDeviceReset() {
  const std::lock_guard lock(runtime_mutex());
  streams().forget_everything();
  errors().of_kernel = Errors::last = cudaSuccess;
  return cudaSuccess;
}

cudaError_t cudaMemGetInfo(std::size_t* free, std::size_t* total) {
  SLUICE_RUNTIME_CALL;
  *total = settings().memory_bytes;
  *free = *total - std::min(*total, device_memory().used_bytes());
  return cudaSuccess;
}

}  // extern "C"
