// SPDX-License-Identifier: Apache-2.0
// The CUDA runtime on the host: launches, streams and events.
#include <sluice/emulator/runtime.h>
#include <sluice/emulator/streams.h>

namespace sluice::emulator {

cudaError_t enqueue_launch(cudaStream_t handle, Launch launch, std::shared_ptr<void> call) {
  SLUICE_RUNTIME_CALL;
  CUstream_st* stream = streams().find(handle);
  if (stream == nullptr) return error(cudaErrorInvalidResourceHandle);
  if (settings().capability < settings().code) return error(cudaErrorNoKernelImageForDevice);
  if (std::string broken = broken_limit(launch.grid, launch.block, launch.dynamic_shared_bytes); !broken.empty())
    return error(cudaErrorInvalidConfiguration, std::move(broken));
  launch.argument = call.get();
  return streams().enqueue(*stream, [launch = std::move(launch), call = std::move(call)] { run(launch); });
}

}  // namespace sluice::emulator

using namespace sluice::emulator;

extern "C" {

cudaError_t cudaStreamCreateWithFlags(cudaStream_t* stream, unsigned flags) {
  SLUICE_RUNTIME_CALL;
  *stream = streams().create((flags & cudaStreamNonBlocking) == 0);
  return cudaSuccess;
}

cudaError_t cudaStreamCreate(cudaStream_t* stream) { return cudaStreamCreateWithFlags(stream, cudaStreamDefault); }

cudaError_t cudaStreamCreateWithPriority(cudaStream_t* stream, unsigned flags, int) {
  return cudaStreamCreateWithFlags(stream, flags);
}

cudaError_t cudaStreamDestroy(cudaStream_t handle) {
  SLUICE_RUNTIME_CALL;
  CUstream_st* stream = streams().find(handle);
  return stream == nullptr ? error(cudaErrorInvalidResourceHandle) : streams().destroy(stream);
}

cudaError_t cudaStreamSynchronize(cudaStream_t handle) {
  SLUICE_RUNTIME_CALL;
  CUstream_st* stream = streams().find(handle);
  if (stream == nullptr) return error(cudaErrorInvalidResourceHandle);
  if (stream->capture != nullptr) return refuse_in_capture(*stream->capture, "cudaStreamSynchronize");
  return streams().finish(*stream);
}

// Asking moves things on, so that who asks until it is done comes to an end.
cudaError_t cudaStreamQuery(cudaStream_t handle) {
  SLUICE_RUNTIME_CALL;
  CUstream_st* stream = streams().find(handle);
  if (stream == nullptr) return error(cudaErrorInvalidResourceHandle);
  if (stream->capture != nullptr) return refuse_in_capture(*stream->capture, "cudaStreamQuery");
  if (stream->queue.empty()) return cudaSuccess;
  if (const cudaError_t failed = streams().step(); failed != cudaSuccess) return failed;
  return cudaErrorNotReady;
}

cudaError_t cudaStreamWaitEvent(cudaStream_t handle, cudaEvent_t event, unsigned) {
  SLUICE_RUNTIME_CALL;
  CUstream_st* stream = streams().find(handle);
  if (stream == nullptr || event == nullptr) return error(cudaErrorInvalidResourceHandle);
  if (event->capture == nullptr) {
    if (stream->capture == nullptr) return streams().enqueue(*stream, Operation{nullptr, {event->record->done}});
    stream->capture->invalidated = true;
    return error(cudaErrorStreamCaptureIsolation, "a captured stream waits for an event from outside of the capture");
  }
  if (stream->capture == nullptr) {  // drawn in
    stream->capture = event->capture;
    stream->capture->unjoined.insert(stream);
  } else if (stream->capture != event->capture) {
    return error(cudaErrorStreamCaptureMerge);
  }
  if (event->stream != stream) stream->capture->unjoined.erase(event->stream);
  return cudaSuccess;
}

cudaError_t cudaLaunchHostFunc(cudaStream_t handle, cudaHostFn_t function, void* argument) {
  SLUICE_RUNTIME_CALL;
  CUstream_st* stream = streams().find(handle);
  if (stream == nullptr) return error(cudaErrorInvalidResourceHandle);
  return streams().enqueue(*stream, [=] { function(argument); });
}

cudaError_t cudaEventCreateWithFlags(cudaEvent_t* event, unsigned flags) {
  SLUICE_RUNTIME_CALL;
  *event = new CUevent_st;
  (*event)->timing = (flags & cudaEventDisableTiming) == 0;
  return cudaSuccess;
}

cudaError_t cudaEventCreate(cudaEvent_t* event) { return cudaEventCreateWithFlags(event, cudaEventDefault); }

cudaError_t cudaEventDestroy(cudaEvent_t event) {
  const std::lock_guard lock(runtime_mutex());
  delete event;
  return cudaSuccess;
}

cudaError_t cudaEventRecord(cudaEvent_t event, cudaStream_t handle) {
  SLUICE_RUNTIME_CALL;
  CUstream_st* stream = streams().find(handle);
  if (stream == nullptr || event == nullptr) return error(cudaErrorInvalidResourceHandle);
  event->recorded = true;
  event->stream = stream;
  event->capture = stream->capture;
  if (stream->capture != nullptr) return cudaSuccess;
  event->record = std::make_shared<EventRecord>();
  Operation operation{[record = event->record] { record->at = std::chrono::steady_clock::now(); }, {}};
  event->record->done = operation.done;
  return streams().enqueue(*stream, std::move(operation));
}

cudaError_t cudaEventQuery(cudaEvent_t event) {
  SLUICE_RUNTIME_CALL;
  if (event->capture != nullptr) return error(cudaErrorCapturedEvent);
  if (*event->record->done) return cudaSuccess;
  if (const cudaError_t failed = streams().step(); failed != cudaSuccess) return failed;
  return cudaErrorNotReady;
}

cudaError_t cudaEventSynchronize(cudaEvent_t event) {
  SLUICE_RUNTIME_CALL;
  if (event->capture != nullptr) return error(cudaErrorCapturedEvent);
  return streams().run_until([done = event->record->done] { return *done; });
}

cudaError_t cudaEventElapsedTime(float* milliseconds, cudaEvent_t start, cudaEvent_t end) {
  SLUICE_RUNTIME_CALL;
  if (!start->recorded || !end->recorded || !start->timing || !end->timing)
    return error(cudaErrorInvalidResourceHandle, "an event that was not recorded, or not for timing");
  if (!*start->record->done || !*end->record->done) return error(cudaErrorNotReady);
  *milliseconds = std::chrono::duration<float, std::milli>(end->record->at - start->record->at).count();
  return cudaSuccess;
}

}  // extern "C"
