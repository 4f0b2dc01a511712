// SPDX-License-Identifier: Apache-2.0
// The exponential moving average of a model's weights and running statistics, which often generalises better than the
// last weights (Polyak and Juditsky, 1992; in this form Tarvainen and Valpola, 2017, eq. in section 2).
#pragma once

#include <vector>

#include <sluice/core/parameter.h>

namespace sluice::optim {

class ExponentialMovingAverage {
 public:
  // Starts at the values that the parameters and buffers have now. Throws std::invalid_argument for a decay outside
  // [0,1).
  ExponentialMovingAverage(const std::vector<NamedParameter>& parameters, const std::vector<NamedTensor>& buffers,
                           double decay);

  // average = decay * average + (1 - decay) * value; after every step. Throws std::logic_error while swapped.
  void update();

  // Exchanges the model's values with the averages, to evaluate with them; a second call brings them back.
  void swap();

  // The averages under the names of the parameters and buffers; shares memory. Throws std::logic_error while swapped.
  std::vector<NamedTensor> state() const;
  // Throws std::invalid_argument, and changes nothing, where an entry is missing, unexpected or misshapen.
  void load_state(const std::vector<NamedTensor>& state);

 private:
  enum class Held : unsigned char { averages, model };
  void expect_averages(const char* call) const;

  std::vector<Tensor> values_;         // the model's own
  std::vector<NamedTensor> averages_;  // of the same order
  double decay_;
  Held held_ = Held::averages;
};

}  // namespace sluice::optim
