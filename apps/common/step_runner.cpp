// SPDX-License-Identifier: Apache-2.0
#include "apps/common/step_runner.h"

namespace sluice::apps {
namespace {

// The first chooses algorithms and makes what lasts; the second asks for memory as every later one does.
constexpr int kWarmUps = 2;

}  // namespace

void StepRunner::run(const data::Batch& batch, const Step& step) {
  if (batch.labels.size() != batch_size_) return step(batch);
  if (!graph_) graph_ = std::make_unique<Graph>(device_);
  if (!inputs_.images.defined()) {
    inputs_.images = batch.images.clone();
    inputs_.labels = batch.labels.clone();
  } else {
    inputs_.images.copy_from(batch.images);
    inputs_.labels.copy_from(batch.labels);
  }
  inputs_.index = batch.index;
  const auto work = [&] { step(inputs_); };
  if (warm_ups_ < kWarmUps) {
    ++warm_ups_;
    return graph_->warm_up(work);
  }
  if (!graph_->captured()) graph_->capture(work);
  graph_->replay();
}

}  // namespace sluice::apps
