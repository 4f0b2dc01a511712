// SPDX-License-Identifier: Apache-2.0
// The CUDA runtime on the host: captures and graphs.
#include <sluice/emulator/streams.h>

using namespace sluice::emulator;

extern "C" {

cudaError_t cudaStreamBeginCapture(cudaStream_t handle, cudaStreamCaptureMode mode) {
  SLUICE_RUNTIME_CALL;
  CUstream_st* stream = streams().find(handle);
  if (stream == nullptr) return error(cudaErrorInvalidResourceHandle);
  if (stream == streams().find(nullptr))
    return error(cudaErrorStreamCaptureUnsupported, "the default stream can't be captured");
  if (stream->capture != nullptr) return error(cudaErrorInvalidValue, "the stream is captured already");
  stream->capture = std::make_shared<Capture>(
      Capture{.graph = new CUgraph_st, .origin = stream, .mode = mode, .thread = std::this_thread::get_id()});
  return cudaSuccess;
}

cudaError_t cudaStreamEndCapture(cudaStream_t handle, cudaGraph_t* graph) {
  SLUICE_RUNTIME_CALL;
  *graph = nullptr;
  CUstream_st* stream = streams().find(handle);
  if (stream == nullptr) return error(cudaErrorInvalidResourceHandle);
  const std::shared_ptr<Capture> capture = stream->capture;
  if (capture == nullptr) return error(cudaErrorInvalidValue, "the stream is not captured");
  if (capture->origin != stream) return error(cudaErrorStreamCaptureUnmatched);
  if (capture->mode != cudaStreamCaptureModeRelaxed && capture->thread != std::this_thread::get_id())
    return error(cudaErrorStreamCaptureWrongThread);
  const bool unjoined = !capture->unjoined.empty();
  streams().end_capture(capture);
  if (!capture->invalidated && !unjoined) {
    *graph = capture->graph;
    return cudaSuccess;
  }
  delete capture->graph;
  return error(capture->invalidated ? cudaErrorStreamCaptureInvalidated : cudaErrorStreamCaptureUnjoined);
}

cudaError_t cudaStreamIsCapturing(cudaStream_t handle, cudaStreamCaptureStatus* status) {
  SLUICE_RUNTIME_CALL;
  const CUstream_st* stream = streams().find(handle);
  if (stream == nullptr) return error(cudaErrorInvalidResourceHandle);
  *status = stream->capture == nullptr     ? cudaStreamCaptureStatusNone
            : stream->capture->invalidated ? cudaStreamCaptureStatusInvalidated
                                           : cudaStreamCaptureStatusActive;
  return cudaSuccess;
}

cudaError_t cudaThreadExchangeStreamCaptureMode(cudaStreamCaptureMode* mode) {
  // What a thread may do is decided by the capture alone here.
  *mode = cudaStreamCaptureModeGlobal;
  return cudaSuccess;
}

cudaError_t cudaGraphInstantiate(cudaGraphExec_t* executable, cudaGraph_t graph, unsigned long long) {
  SLUICE_RUNTIME_CALL;
  if (graph == nullptr) return error(cudaErrorInvalidValue, "no graph");
  *executable = new CUgraphExec_st{graph->operations};
  return cudaSuccess;
}

cudaError_t cudaGraphExecUpdate(cudaGraphExec_t executable, cudaGraph_t graph, cudaGraphExecUpdateResultInfo* result) {
  SLUICE_RUNTIME_CALL;
  const bool same = executable->operations.size() == graph->operations.size();
  if (result != nullptr) {
    *result = {};
    result->result = same ? cudaGraphExecUpdateSuccess : cudaGraphExecUpdateErrorTopologyChanged;
  }
  if (!same) return error(cudaErrorGraphExecUpdateFailure, "the graphs differ in their number of operations");
  executable->operations = graph->operations;
  return cudaSuccess;
}

cudaError_t cudaGraphUpload(cudaGraphExec_t, cudaStream_t) { return cudaSuccess; }

cudaError_t cudaGraphLaunch(cudaGraphExec_t executable, cudaStream_t handle) {
  SLUICE_RUNTIME_CALL;
  CUstream_st* stream = streams().find(handle);
  if (stream == nullptr) return error(cudaErrorInvalidResourceHandle);
  if (executable == nullptr) return error(cudaErrorInvalidValue, "no graph");
  for (const std::function<void()>& operation : executable->operations)
    if (const cudaError_t failed = streams().enqueue(*stream, operation); failed != cudaSuccess) return failed;
  return cudaSuccess;
}

cudaError_t cudaGraphGetNodes(cudaGraph_t graph, cudaGraphNode_t* nodes, std::size_t* count) {
  SLUICE_RUNTIME_CALL;
  if (nodes != nullptr) return error(cudaErrorNotSupported, "the emulator counts a graph's nodes only");
  *count = graph->operations.size();
  return cudaSuccess;
}

cudaError_t cudaGraphDestroy(cudaGraph_t graph) {
  const std::lock_guard lock(runtime_mutex());
  delete graph;
  return cudaSuccess;
}

// Launches of it that have not run hold what they need.
cudaError_t cudaGraphExecDestroy(cudaGraphExec_t executable) {
  const std::lock_guard lock(runtime_mutex());
  delete executable;
  return cudaSuccess;
}

}  // extern "C"
