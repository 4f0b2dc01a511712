// SPDX-License-Identifier: Apache-2.0
#include <sluice/optim/ema.h>

#include <stdexcept>

#include <sluice/core/ops/update.h>
#include <sluice/optim/named_state.h>

namespace sluice::optim {

ExponentialMovingAverage::ExponentialMovingAverage(const std::vector<NamedParameter>& parameters,
                                                   const std::vector<NamedTensor>& buffers, double decay)
    : decay_(decay) {
  require(decay >= 0 && decay < 1, "ema", "decay expects a number in [0,1), got ", decay);
  for (const NamedParameter& parameter : parameters) {
    values_.push_back(parameter.variable.value());
    averages_.push_back({parameter.name, parameter.variable.value().clone()});
  }
  for (const NamedTensor& buffer : buffers) {
    values_.push_back(buffer.tensor);
    averages_.push_back({buffer.name, buffer.tensor.clone()});
  }
}

void ExponentialMovingAverage::update() {
  expect_averages("update");
  std::vector<ops::AverageUpdate> updates;
  updates.reserve(values_.size());
  for (std::size_t i = 0; i < values_.size(); ++i) updates.push_back({values_[i], averages_[i].tensor});
  ops::average_step(updates, decay_);
}

void ExponentialMovingAverage::swap() {
  for (std::size_t i = 0; i < values_.size(); ++i) {
    const Tensor before = values_[i].clone();
    values_[i].copy_from(averages_[i].tensor);
    averages_[i].tensor.copy_from(before);
  }
  held_ = held_ == Held::averages ? Held::model : Held::averages;
}

std::vector<NamedTensor> ExponentialMovingAverage::state() const {
  expect_averages("state");
  return averages_;
}

void ExponentialMovingAverage::load_state(const std::vector<NamedTensor>& state) {
  expect_averages("load_state");
  copy_named("ema", state, averages_);
}

void ExponentialMovingAverage::expect_averages(const char* call) const {
  if (held_ == Held::model) throw std::logic_error(concat("[ema] ", call, " while the model holds the averages"));
}

}  // namespace sluice::optim
