// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/cuda/graph.h>

#include <cuda_runtime_api.h>

#include <sluice/kernels/cuda/launch.h>

namespace sluice::kernels::cuda {
namespace {

class CudaGraph : public RecordedWork {
 public:
  explicit CudaGraph(cudaGraph_t graph) : graph_(graph) {
    const cudaError_t status = cudaGraphInstantiate(&executable_, graph_, 0);
    if (status != cudaSuccess) cudaGraphDestroy(graph_);
    check(status, "cudaGraphInstantiate");
  }
  ~CudaGraph() override {
    cudaGraphExecDestroy(executable_);
    cudaGraphDestroy(graph_);
  }
  void launch(const Exec& exec) override { check(cudaGraphLaunch(executable_, stream_of(exec)), "cudaGraphLaunch"); }

 private:
  cudaGraph_t graph_;
  cudaGraphExec_t executable_ = nullptr;
};

}  // namespace

// Thread-local: another thread may go on asking the driver for memory.
void begin_recording(const Exec& exec) {
  check(cudaStreamBeginCapture(stream_of(exec), cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
}

std::unique_ptr<RecordedWork> end_recording(const Exec& exec) {
  cudaGraph_t graph = nullptr;
  check(cudaStreamEndCapture(stream_of(exec), &graph), "cudaStreamEndCapture");
  return std::make_unique<CudaGraph>(graph);
}

void abandon_recording(const Exec& exec) noexcept {
  cudaGraph_t graph = nullptr;
  cudaStreamEndCapture(stream_of(exec), &graph);
  if (graph != nullptr) cudaGraphDestroy(graph);
  cudaGetLastError();
}

}  // namespace sluice::kernels::cuda
