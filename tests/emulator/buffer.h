// SPDX-License-Identifier: Apache-2.0
// Device memory for kernels of tests.
#pragma once

#include <vector>

#include <sluice/kernels/cuda/device.h>
#include <sluice/kernels/cuda/launch.h>

namespace sluice::test {

inline const Exec kOnDevice{.device = {.kind = DeviceKind::cuda}};

inline void wait() { kernels::cuda::check(cudaDeviceSynchronize(), "the kernel"); }

template <class T>
class Buffer {
 public:
  explicit Buffer(std::size_t count) : count_(count) {
    kernels::cuda::check(cudaMalloc(reinterpret_cast<void**>(&data_), count * sizeof(T)), "cudaMalloc");
  }
  explicit Buffer(const std::vector<T>& values) : Buffer(values.size()) {
    kernels::cuda::check(cudaMemcpy(data_, values.data(), count_ * sizeof(T), cudaMemcpyHostToDevice), "cudaMemcpy");
  }
  Buffer(std::size_t count, T value) : Buffer(std::vector<T>(count, value)) {}
  ~Buffer() {
    // After a failed kernel every call of the runtime fails, this one too.
    cudaFree(data_);
  }
  Buffer(const Buffer&) = delete;
  Buffer& operator=(const Buffer&) = delete;

  T* data() const { return data_; }
  // Waits for all work.
  std::vector<T> values() const {
    wait();
    std::vector<T> values(count_);
    kernels::cuda::check(cudaMemcpy(values.data(), data_, count_ * sizeof(T), cudaMemcpyDeviceToHost), "cudaMemcpy");
    return values;
  }

 private:
  std::size_t count_;
  T* data_ = nullptr;
};

}  // namespace sluice::test
