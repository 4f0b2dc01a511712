// SPDX-License-Identifier: Apache-2.0
#include "apps/train/step_undo.h"

#include <utility>

namespace sluice::apps {

StepUndo::StepUndo(std::vector<NamedTensor> buffers, TrainingMeter& meter)
    : buffers_(std::move(buffers)), meter_(meter) {
  for (const NamedTensor& buffer : buffers_) before_.push_back(buffer.tensor.clone());
}

void StepUndo::remember() {
  for (std::size_t i = 0; i < buffers_.size(); ++i) before_[i].copy_from(buffers_[i].tensor);
  meter_before_ = meter_.state();
}

void StepUndo::undo() {
  for (std::size_t i = 0; i < buffers_.size(); ++i) buffers_[i].tensor.copy_from(before_[i]);
  meter_.load_state(meter_before_);
}

}  // namespace sluice::apps
