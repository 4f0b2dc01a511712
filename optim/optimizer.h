// SPDX-License-Identifier: Apache-2.0
// What every optimiser is: parameters that it steps in place by their gradients, a learning rate that a schedule may
// change between steps, and state that a checkpoint holds beside the model. The learning rate and the counted steps
// live on the device of the parameters.
#pragma once

#include <string>
#include <vector>

#include <sluice/core/ops/update.h>
#include <sluice/core/parameter.h>

namespace sluice::optim {

// Whether weight decay shrinks biases and the parameters of normalisation layers too (PyTorch's default: yes).
enum class DecayNorms : bool { no, yes };

class Optimizer {
 public:
  virtual ~Optimizer() = default;
  Optimizer(const Optimizer&) = delete;
  Optimizer& operator=(const Optimizer&) = delete;

  // One step. A parameter without a gradient is left as it is, its state too.
  virtual void step() = 0;

  // Throws std::invalid_argument unless it is finite and at least 0.
  void set_learning_rate(double learning_rate);
  double learning_rate() const { return learning_rate_; }
  void clear_gradients();

  // All that the next step depends on beside the parameters: "learning_rate" and "<parameter>.<state>". Shares its
  // memory with the optimiser.
  std::vector<NamedTensor> state() const;
  // Throws std::invalid_argument, and changes nothing, where an entry is missing, unexpected or misshapen.
  void load_state(const std::vector<NamedTensor>& state);

 protected:
  // Throws std::invalid_argument without parameters, for parameters of different types, or a bad number.
  Optimizer(const char* name, std::vector<NamedParameter> parameters, double learning_rate, double weight_decay,
            DecayNorms decay_norms);

  // One zero tensor a parameter, named "<parameter>.<name>", of its shape and type.
  std::vector<Tensor> add_state_like_parameters(const std::string& name);
  // The same with an f64 scalar a parameter.
  std::vector<Tensor> add_state_of_scalars(const std::string& name);

  std::size_t parameter_count() const { return parameters_.size(); }
  // Value, gradient and weight decay of parameter i; the gradient may be undefined.
  ops::ParameterUpdate update_of(std::size_t i) const;
  const Tensor& device_learning_rate() const { return device_learning_rate_; }
  // Throws std::invalid_argument "[<optimiser>] <what> expects a number in [low, high), got ...".
  void require_within(const char* what, double value, double low, double high) const;

 private:
  std::vector<Tensor> add_state(const std::string& name, const std::vector<Tensor>& tensors);

  const char* name_;
  std::vector<NamedParameter> parameters_;
  std::vector<double> weight_decay_;  // of each parameter
  std::vector<NamedTensor> states_;
  double learning_rate_ = 0;
  Tensor device_learning_rate_;
};

}  // namespace sluice::optim
