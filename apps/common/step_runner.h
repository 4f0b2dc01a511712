// SPDX-License-Identifier: Apache-2.0
// Runs training steps, as they are or as a captured graph.
#pragma once

#include <functional>
#include <memory>

#include "core/graph.h"
#include "data/loader.h"

namespace sluice::apps {

class StepRunner {
 public:
  using Step = std::function<void(const data::Batch&)>;

  // Every batch as it is.
  StepRunner() = default;
  // Full batches become a graph of `device`, after two that are run as they are.
  StepRunner(Device device, std::int64_t batch_size) : device_(device), batch_size_(batch_size) {}

  // One step. What the host decides in it besides the batch must be the same in every step; what changes is read from
  // the device's memory.
  void run(const data::Batch& batch, const Step& step);

 private:
  Device device_;
  std::int64_t batch_size_ = 0;  // 0: no graph
  data::Batch inputs_;           // where the graph reads
  std::unique_ptr<Graph> graph_;
  int warm_ups_ = 0;
};

}  // namespace sluice::apps
