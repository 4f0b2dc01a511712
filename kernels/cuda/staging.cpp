// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/cuda/staging.h>

#include <algorithm>
#include <cstring>
#include <map>

#include <sluice/kernels/cuda/launch.h>

namespace sluice::kernels::cuda {

void Staging::upload(const Exec& exec, void* to, const void* from, std::size_t bytes) {
  const std::lock_guard lock(mutex_);
  for (std::size_t done = 0; done < bytes; done += kBytes)
    upload_part(exec, static_cast<std::byte*>(to) + done, static_cast<const std::byte*>(from) + done,
                std::min(kBytes, bytes - done));
}

void Staging::upload_part(const Exec& exec, void* to, const void* from, std::size_t bytes) {
  Buffer& buffer = buffers_[next_];
  next_ = (next_ + 1) % kBuffers;
  if (buffer.memory == nullptr) {
    check(cudaMallocHost(&buffer.memory, kBytes), "cudaMallocHost");
    check(cudaEventCreateWithFlags(&buffer.copied, cudaEventDisableTiming), "cudaEventCreateWithFlags");
  } else {
    check(cudaEventSynchronize(buffer.copied), "waiting for an upload");
  }
  std::memcpy(buffer.memory, from, bytes);
  check(cudaMemcpyAsync(to, buffer.memory, bytes, cudaMemcpyHostToDevice, stream_of(exec)), "cudaMemcpyAsync");
  check(cudaEventRecord(buffer.copied, stream_of(exec)), "cudaEventRecord");
}

Staging& staging(Device device) {
  static std::mutex mutex;
  static auto& all = *new std::map<int, Staging>;
  const std::lock_guard lock(mutex);
  return all[device.index];
}

}  // namespace sluice::kernels::cuda
