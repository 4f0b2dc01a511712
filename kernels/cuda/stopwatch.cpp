// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/cuda/stopwatch.h>

#include <cuda_runtime_api.h>

#include <sluice/kernels/cuda/launch.h>

namespace sluice::kernels::cuda {
namespace {

class Events : public Stopwatch {
 public:
  explicit Events(cudaStream_t stream) : stream_(stream) {
    check(cudaEventCreate(&start_), "cudaEventCreate");
    check(cudaEventCreate(&stop_), "cudaEventCreate");
  }
  ~Events() override {
    cudaEventDestroy(start_);
    cudaEventDestroy(stop_);
  }
  void start() override { check(cudaEventRecord(start_, stream_), "cudaEventRecord"); }
  void stop() override { check(cudaEventRecord(stop_, stream_), "cudaEventRecord"); }
  double seconds() override {
    check(cudaEventSynchronize(stop_), "waiting for the device");
    float milliseconds = 0;
    check(cudaEventElapsedTime(&milliseconds, start_, stop_), "cudaEventElapsedTime");
    return milliseconds * 1e-3;
  }

 private:
  cudaStream_t stream_;
  cudaEvent_t start_ = nullptr, stop_ = nullptr;
};

}  // namespace

std::unique_ptr<Stopwatch> make_stopwatch(const Exec& exec) { return std::make_unique<Events>(stream_of(exec)); }

}  // namespace sluice::kernels::cuda
