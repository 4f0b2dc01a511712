// SPDX-License-Identifier: Apache-2.0
// Runs training steps, as they are or as captured graphs.
#pragma once

#include <functional>
#include <map>
#include <memory>

#include <sluice/core/graph.h>
#include <sluice/data/loader.h>

namespace sluice::apps {

class StepRunner {
 public:
  using Step = std::function<void(const data::Batch&)>;

  // Every batch as it is.
  StepRunner() = default;
  // Full batches become a graph of `device`, after two that are run as they are.
  StepRunner(Device device, std::int64_t batch_size) : device_(device), batch_size_(batch_size) {}

  // One step. What the host decides in it besides the batch must be the same in every step of its `kind`; what changes
  // is read from the device's memory. Each kind has a graph, and memory for it.
  void run(const data::Batch& batch, const Step& step, int kind = 0);

 private:
  struct Replayed {
    std::unique_ptr<Graph> graph;
    int warm_ups = 0;
  };

  Device device_;
  std::int64_t batch_size_ = 0;  // 0: no graph
  data::Batch inputs_;           // where the graphs read
  std::map<int, Replayed> kinds_;
};

}  // namespace sluice::apps
