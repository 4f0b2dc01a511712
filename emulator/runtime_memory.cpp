// SPDX-License-Identifier: Apache-2.0
// The CUDA runtime on the host: memory and copies.
#include <cstring>

#include <sluice/base/error.h>
#include <sluice/emulator/checker.h>
#include <sluice/emulator/device_memory.h>
#include <sluice/emulator/runtime.h>
#include <sluice/emulator/streams.h>

namespace sluice::emulator {
namespace {

// Where the CUDA runtime stands on a piece of memory.
enum class Side { device, pinned, pageable, broken };

Side side_of(const void* memory, std::size_t bytes) {
  const Allocation* allocation = device_memory().find(memory);
  if (allocation == nullptr) return Side::pageable;
  if (device_memory().holding(memory, bytes) == nullptr) return Side::broken;
  return allocation->kind == MemoryKind::device ? Side::device : Side::pinned;
}

bool fits(cudaMemcpyKind kind, Side to, Side from) {
  const bool to_device = to == Side::device, from_device = from == Side::device;
  switch (kind) {
    case cudaMemcpyHostToHost: return !to_device && !from_device;
    case cudaMemcpyHostToDevice: return to_device && !from_device;
    case cudaMemcpyDeviceToHost: return !to_device && from_device;
    case cudaMemcpyDeviceToDevice: return to_device && from_device;
    default: return true;
  }
}

void note_initialised(void* memory, std::size_t bytes) {
  Allocation* allocation = device_memory().holding(memory, bytes);
  if (checker != nullptr && allocation != nullptr) checker->initialised(*allocation, memory, bytes);
}

void move(void* to, const void* from, std::size_t bytes) {
  // It may have been freed since the copy was asked for.
  if (side_of(to, bytes) == Side::broken) throw Failure(concat("cudaMemcpyAsync: writes ", describe(to)));
  if (side_of(from, bytes) == Side::broken) throw Failure(concat("cudaMemcpyAsync: reads ", describe(from)));
  std::memmove(to, from, bytes);
  note_initialised(to, bytes);
}

cudaError_t allocate(void** memory, std::size_t bytes, MemoryKind kind, const char* what) {
  if (memory == nullptr) return error(cudaErrorInvalidValue);
  if (Capture* capture = streams().forbidding_capture()) return refuse_in_capture(*capture, what);
  *memory = nullptr;
  if (bytes == 0) return cudaSuccess;
  *memory = device_memory().allocate(bytes, kind);
  if (*memory != nullptr) return cudaSuccess;
  return error(cudaErrorMemoryAllocation, concat(what, " of ", bytes, " bytes"));
}

cudaError_t release(void* memory, const char* what) {
  if (memory == nullptr) return cudaSuccess;
  if (Capture* capture = streams().forbidding_capture()) return refuse_in_capture(*capture, what);
  if (const cudaError_t failed = streams().finish_all(); failed != cudaSuccess) return failed;
  return device_memory().free(memory)
             ? cudaSuccess
             : error(cudaErrorInvalidValue, concat(what, " of what is no allocation: ", describe(memory)));
}

}  // namespace

void note_reuse(cudaStream_t handle, void* memory, std::size_t bytes) {
  const std::lock_guard lock(runtime_mutex());
  CUstream_st* stream = streams().find(handle);
  if (stream == nullptr || device_memory().find(memory) == nullptr) return;
  streams().enqueue(*stream, [=] {
    Allocation* allocation = device_memory().holding(memory, bytes);
    if (allocation == nullptr || allocation->begin != memory) return;
    allocation->usable_bytes = bytes;
    std::memset(memory, 0xFF, bytes);
    if (checker != nullptr) checker->unspecified(*allocation);
  });
}

}  // namespace sluice::emulator

using namespace sluice::emulator;

extern "C" {

cudaError_t cudaMalloc(void** memory, std::size_t bytes) {
  SLUICE_RUNTIME_CALL;
  return allocate(memory, bytes, MemoryKind::device, "cudaMalloc");
}

cudaError_t cudaFree(void* memory) {
  SLUICE_RUNTIME_CALL;
  return release(memory, "cudaFree");
}

cudaError_t cudaMallocHost(void** memory, std::size_t bytes) {
  SLUICE_RUNTIME_CALL;
  return allocate(memory, bytes, MemoryKind::pinned_host, "cudaMallocHost");
}

cudaError_t cudaHostAlloc(void** memory, std::size_t bytes, unsigned) { return cudaMallocHost(memory, bytes); }

cudaError_t cudaFreeHost(void* memory) {
  SLUICE_RUNTIME_CALL;
  return release(memory, "cudaFreeHost");
}

cudaError_t cudaMallocAsync(void** memory, std::size_t bytes, cudaStream_t handle) {
  SLUICE_RUNTIME_CALL;
  const CUstream_st* stream = streams().find(handle);
  if (stream == nullptr) return error(cudaErrorInvalidResourceHandle);
  if (stream->capture != nullptr) return error(cudaErrorNotSupported, "the emulator captures no cudaMallocAsync");
  return allocate(memory, bytes, MemoryKind::device, "cudaMallocAsync");
}

// The memory goes when the stream comes to it.
cudaError_t cudaFreeAsync(void* memory, cudaStream_t handle) {
  SLUICE_RUNTIME_CALL;
  CUstream_st* stream = streams().find(handle);
  if (stream == nullptr) return error(cudaErrorInvalidResourceHandle);
  if (stream->capture != nullptr) return error(cudaErrorNotSupported, "the emulator captures no cudaFreeAsync");
  if (memory == nullptr) return cudaSuccess;
  if (device_memory().holding(memory, 1) == nullptr) return error(cudaErrorInvalidValue, describe(memory));
  return streams().enqueue(*stream, [=] {
    if (!device_memory().free(memory)) throw Failure("cudaFreeAsync of what was freed already");
  });
}

cudaError_t cudaDeviceGetDefaultMemPool(cudaMemPool_t* pool, int) {
  static int the_pool;
  *pool = reinterpret_cast<cudaMemPool_t>(&the_pool);
  return cudaSuccess;
}

// Memory that is freed goes back at once, so there is nothing to set.
cudaError_t cudaMemPoolSetAttribute(cudaMemPool_t, cudaMemPoolAttr, void*) { return cudaSuccess; }
cudaError_t cudaMemPoolTrimTo(cudaMemPool_t, std::size_t) { return cudaSuccess; }

cudaError_t cudaPointerGetAttributes(cudaPointerAttributes* attributes, const void* memory) {
  SLUICE_RUNTIME_CALL;
  *attributes = {};
  const Side side = side_of(memory, 1);
  attributes->type = side == Side::device   ? cudaMemoryTypeDevice
                     : side == Side::pinned ? cudaMemoryTypeHost
                                            : cudaMemoryTypeUnregistered;
  attributes->devicePointer = side == Side::device || side == Side::pinned ? const_cast<void*>(memory) : nullptr;
  attributes->hostPointer = side == Side::device ? nullptr : const_cast<void*>(memory);
  return cudaSuccess;
}

// As the runtime documents it: pageable memory of the host has been read when the call returns, or written; pinned
// memory is read and written when the stream comes to it.
cudaError_t cudaMemcpyAsync(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind, cudaStream_t handle) {
  SLUICE_RUNTIME_CALL;
  CUstream_st* stream = streams().find(handle);
  if (stream == nullptr) return error(cudaErrorInvalidResourceHandle);
  if (bytes == 0) return cudaSuccess;
  const Side to_side = side_of(to, bytes), from_side = side_of(from, bytes);
  if (to == nullptr || from == nullptr || to_side == Side::broken || from_side == Side::broken)
    return error(cudaErrorInvalidValue,
                 sluice::concat("a copy of ", bytes, " bytes from ", describe(from), " to ", describe(to)));
  if (!fits(kind, to_side, from_side)) return error(cudaErrorInvalidValue, "a copy against its direction");
  if (stream->capture == nullptr && from_side == Side::pageable) {
    const auto* begin = static_cast<const std::byte*>(from);
    auto staged = std::make_shared<std::vector<std::byte>>(begin, begin + bytes);
    const cudaError_t status = streams().enqueue(*stream, [=] { move(to, staged->data(), bytes); });
    return status == cudaSuccess && to_side == Side::pageable ? streams().finish(*stream) : status;
  }
  const cudaError_t status = streams().enqueue(*stream, [=] { move(to, from, bytes); });
  if (status != cudaSuccess || stream->capture != nullptr || to_side != Side::pageable) return status;
  return streams().finish(*stream);
}

cudaError_t cudaMemcpy(void* to, const void* from, std::size_t bytes, cudaMemcpyKind kind) {
  SLUICE_RUNTIME_CALL;
  if (Capture* capture = streams().forbidding_capture()) return refuse_in_capture(*capture, "cudaMemcpy");
  if (const cudaError_t failed = cudaMemcpyAsync(to, from, bytes, kind, nullptr); failed != cudaSuccess) return failed;
  return streams().finish(*streams().find(nullptr));
}

cudaError_t cudaMemsetAsync(void* memory, int value, std::size_t bytes, cudaStream_t handle) {
  SLUICE_RUNTIME_CALL;
  CUstream_st* stream = streams().find(handle);
  if (stream == nullptr) return error(cudaErrorInvalidResourceHandle);
  if (bytes == 0) return cudaSuccess;
  if (side_of(memory, bytes) != Side::device)
    return error(cudaErrorInvalidValue, sluice::concat("cudaMemset of ", bytes, " bytes, ", describe(memory)));
  return streams().enqueue(*stream, [=] {
    if (side_of(memory, bytes) != Side::device)
      throw Failure(sluice::concat("cudaMemsetAsync: writes ", describe(memory)));
    std::memset(memory, value, bytes);
    note_initialised(memory, bytes);
  });
}

cudaError_t cudaMemset(void* memory, int value, std::size_t bytes) {
  SLUICE_RUNTIME_CALL;
  if (Capture* capture = streams().forbidding_capture()) return refuse_in_capture(*capture, "cudaMemset");
  return cudaMemsetAsync(memory, value, bytes, nullptr);
}

}  // extern "C"
