// SPDX-License-Identifier: Apache-2.0
#include <sluice/optim/adam.h>

#include <limits>

namespace sluice::optim {

Adam::Adam(std::vector<NamedParameter> parameters, const AdamOptions& options)
    : Optimizer("adam", std::move(parameters), options.learning_rate, options.weight_decay, options.decay_norms),
      settings_{options.beta1, options.beta2, options.epsilon, options.decay} {
  require_within("beta1", options.beta1, 0, 1);
  require_within("beta2", options.beta2, 0, 1);
  require_within("epsilon", options.epsilon, 0, std::numeric_limits<double>::infinity());
  first_moment_ = add_state_like_parameters("first_moment");
  second_moment_ = add_state_like_parameters("second_moment");
  step_ = add_state_of_scalars("step");
}

void Adam::step() {
  std::vector<ops::ParameterUpdate> updates;
  updates.reserve(parameter_count());
  for (std::size_t i = 0; i < parameter_count(); ++i) {
    ops::ParameterUpdate update = update_of(i);
    if (!update.gradient.defined()) continue;
    update.first = first_moment_[i];
    update.second = second_moment_[i];
    update.step = step_[i];
    updates.push_back(std::move(update));
  }
  ops::adam_step(updates, settings_, device_learning_rate());
}

}  // namespace sluice::optim
