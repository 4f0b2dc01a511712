// SPDX-License-Identifier: Apache-2.0
#include "apps/common/step_runner.h"

namespace sluice::apps {
namespace {

// The first chooses algorithms and makes what lasts; the second asks for memory as every later one does.
constexpr int kWarmUps = 2;

}  // namespace

void StepRunner::run(const data::Batch& batch, const Step& step, int kind) {
  if (batch.labels.size() != batch_size_) return step(batch);
  auto& [graph, warm_ups] = kinds_[kind];
  if (!graph) graph = std::make_unique<Graph>(device_);
  if (!inputs_.images.defined()) {
    inputs_.images = batch.images.clone();
    inputs_.labels = batch.labels.clone();
  } else {
    inputs_.images.copy_from(batch.images);
    inputs_.labels.copy_from(batch.labels);
  }
  inputs_.index = batch.index;
  const auto work = [&] { step(inputs_); };
  if (warm_ups < kWarmUps) {
    ++warm_ups;
    return graph->warm_up(work);
  }
  if (!graph->captured()) graph->capture(work);
  graph->replay();
}

}  // namespace sluice::apps
