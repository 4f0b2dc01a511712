// SPDX-License-Identifier: Apache-2.0
#include <sluice/optim/sgd.h>

namespace sluice::optim {

Sgd::Sgd(std::vector<NamedParameter> parameters, const SgdOptions& options)
    : Optimizer("sgd", std::move(parameters), options.learning_rate, options.weight_decay, options.decay_norms) {
  require_within("momentum", options.momentum, 0, 1);
  const bool nesterov = options.nesterov == Nesterov::yes;
  require(!nesterov || options.momentum > 0, "sgd", "Nesterov's form expects a momentum above 0");
  settings_.momentum = options.momentum;
  if (options.momentum == 0) return;
  settings_.kind = nesterov ? ops::Momentum::nesterov : ops::Momentum::heavy_ball;
  velocity_ = add_state_like_parameters("velocity");
}

void Sgd::step() {
  std::vector<ops::ParameterUpdate> updates;
  updates.reserve(parameter_count());
  for (std::size_t i = 0; i < parameter_count(); ++i) {
    ops::ParameterUpdate update = update_of(i);
    if (!update.gradient.defined()) continue;
    if (!velocity_.empty()) update.first = velocity_[i];
    updates.push_back(std::move(update));
  }
  ops::sgd_step(updates, settings_, device_learning_rate());
}

}  // namespace sluice::optim
