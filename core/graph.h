// SPDX-License-Identifier: Apache-2.0
// A piece of work that is always the same (a training step, say), recorded once and replayed with one launch. Whatever
// changes from one run to the next is read from device memory that stays where it is. Memory that the work asks for
// comes from a pool of its own, and returns there.
//
//   Graph graph(device);
//   graph.warm_up(step);   // runs it as it is: choices are made, memory is asked for
//   graph.capture(step);   // records it, runs nothing
//   graph.replay();        // runs it
#pragma once

#include <functional>
#include <memory>

#include <sluice/core/allocator.h>
#include <sluice/core/rounded_copy.h>
#include <sluice/kernels/runtime/graph.h>

namespace sluice {

class Graph {
 public:
  explicit Graph(Device device);
  ~Graph();
  Graph(const Graph&) = delete;
  Graph& operator=(const Graph&) = delete;

  void warm_up(const std::function<void()>& work);
  // Throws what `work` throws, and DeviceError for what can't be recorded: reading on the host what the device
  // computes, uploading from the host, asking for more memory than the warm-up did.
  void capture(const std::function<void()>& work);
  bool captured() const { return recorded_ != nullptr; }
  void replay();

 private:
  Device device_;
  std::shared_ptr<CachingAllocator::Pool> pool_;
  std::unique_ptr<kernels::RecordedWork> recorded_;
  RecordedCopies copies_;
};

}  // namespace sluice
