// SPDX-License-Identifier: Apache-2.0
// Pinned buffers between pageable memory and a device: what is uploaded through them is on its way when the call
// returns, and neither the host nor the stream waits, until all buffers are under way.
#pragma once

#include <cuda_runtime_api.h>

#include <array>
#include <cstddef>
#include <mutex>

#include <sluice/base/exec.h>

namespace sluice::kernels::cuda {

class Staging {
 public:
  void upload(const Exec& exec, void* to, const void* from, std::size_t bytes);

 private:
  static constexpr std::size_t kBuffers = 8;
  static constexpr std::size_t kBytes = std::size_t{1} << 20;  // of each

  struct Buffer {
    void* memory = nullptr;
    cudaEvent_t copied = nullptr;
  };
  void upload_part(const Exec& exec, void* to, const void* from, std::size_t bytes);

  std::mutex mutex_;
  std::array<Buffer, kBuffers> buffers_{};
  std::size_t next_ = 0;
};

// A device's; lives until the process ends.
Staging& staging(Device device);

}  // namespace sluice::kernels::cuda
