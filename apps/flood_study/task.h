// SPDX-License-Identifier: Apache-2.0
// What a run learns: its data and its network. Everything is a function of the cell and the seed.
#pragma once

#include <functional>
#include <memory>

#include <sluice/core/tensor.h>
#include <sluice/nn/module.h>
#include "apps/flood_study/study.h"

namespace sluice::study {

class Task {
 public:
  virtual ~Task() = default;

  virtual std::unique_ptr<nn::Module> make_model() const = 0;
  virtual std::int64_t batches_per_epoch() const = 0;
  // Calls `step` with the inputs and the labels i32 [N] of every batch of an epoch, which is counted from 0.
  using Step = std::function<void(const Tensor& inputs, const Tensor& labels)>;
  virtual void for_each_batch(std::int64_t epoch, const Step& step) = 0;
  // Both leave the model in eval mode.
  virtual Score validate(nn::Module& model) = 0;
  virtual TestScore test(nn::Module& model) = 0;
};

}  // namespace sluice::study
