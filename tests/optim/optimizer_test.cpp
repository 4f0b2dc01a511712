// SPDX-License-Identifier: Apache-2.0
// The optimisers against PyTorch's, step by step, and what a checkpoint needs of them.
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <memory>

#include <sluice/optim/adam.h>
#include <sluice/optim/gradients.h>
#include <sluice/optim/sgd.h>
#include "tests/support/op_case.h"
#include "tests/support/reference.h"

namespace sluice::test {
namespace {

using optim::Decay;
using optim::DecayNorms;
using optim::Nesterov;

constexpr double kRates[] = {0.1, 0.1, 0.05, 0.02, 0.02, 0.01};

using Make = std::function<std::unique_ptr<optim::Optimizer>(std::vector<NamedParameter>)>;

Make sgd(const optim::SgdOptions& options) {
  return [options](std::vector<NamedParameter> parameters) {
    return std::make_unique<optim::Sgd>(std::move(parameters), options);
  };
}

Make adam(const optim::AdamOptions& options) {
  return [options](std::vector<NamedParameter> parameters) {
    return std::make_unique<optim::Adam>(std::move(parameters), options);
  };
}

// The problem of make_optimizer_fixtures.py.
class Problem {
 public:
  explicit Problem(DType dtype)
      : parameters{{"weight", parameter(pattern({7, 5}, 0).cast(dtype)), ParameterKind::weight},
                   {"bias", parameter(pattern({7}, 1).cast(dtype)), ParameterKind::bias}} {}

  void set_gradients(std::uint32_t step) {
    for (std::uint32_t i = 0; i < 2; ++i) {
      Variable& variable = parameters[i].variable;
      variable.set_gradient(pattern(variable.shape(), 10 + 2 * step + i, 0.5).cast(variable.dtype()));
    }
  }

  std::vector<NamedParameter> parameters;
};

struct OptimizerCase {
  std::string name;
  Make make;
};
void PrintTo(const OptimizerCase& optimizer_case, std::ostream* out) { *out << optimizer_case.name; }

class Optimizers : public testing::TestWithParam<OptimizerCase> {
 protected:
  static void expect_pytorchs_parameters(DType dtype, double tolerance) {
    const std::string& name = GetParam().name;
    const Archive archive = load_reference("optimizers.safetensors");
    Problem problem(dtype);
    const auto optimizer = GetParam().make(problem.parameters);
    for (std::uint32_t step = 0; step < std::size(kRates); ++step) {
      optimizer->set_learning_rate(kRates[step]);
      problem.set_gradients(step);
      if (name == "adam_absent_gradients" && (step == 0 || step == 3)) problem.parameters[1].variable.clear_gradient();
      if (name == "sgd_clipped") {
        const double norm = optim::clip_gradient_norm(problem.parameters, 1.7).item();
        const double expected = reference(archive, name + ".norms").to_vector<double>()[step];
        EXPECT_NEAR(norm, expected, tolerance * expected);
      }
      optimizer->step();
    }
    for (const NamedParameter& found : problem.parameters)
      EXPECT_LE(deviation(found.variable.value(), reference(archive, name + "." + found.name)), tolerance)
          << found.name;
  }
};

TEST_P(Optimizers, DoWhatPyTorchDoesInDouble) { expect_pytorchs_parameters(DType::f64, 1e-14); }
TEST_P(Optimizers, DoWhatPyTorchDoesInFloat) { expect_pytorchs_parameters(DType::f32, 1e-6); }

TEST_P(Optimizers, GoOnBitForBitFromTheirState) {
  Problem unbroken(DType::f32);
  Problem broken(DType::f32);
  const auto first = GetParam().make(unbroken.parameters);
  auto second = GetParam().make(broken.parameters);
  for (std::uint32_t step = 0; step < 6; ++step) {
    if (step == 3) {
      std::vector<NamedTensor> saved;
      for (const NamedTensor& entry : second->state()) saved.push_back({entry.name, entry.tensor.clone()});
      second = GetParam().make(broken.parameters);
      second->load_state(saved);
    }
    unbroken.set_gradients(step);
    broken.set_gradients(step);
    // Step 3 shows that the rate of step 2 came along.
    if (step != 3) {
      first->set_learning_rate(kRates[step]);
      second->set_learning_rate(kRates[step]);
    }
    first->step();
    second->step();
  }
  for (std::size_t i = 0; i < 2; ++i)
    EXPECT_EQ(unbroken.parameters[i].variable.value().to_vector<float>(),
              broken.parameters[i].variable.value().to_vector<float>());
}

INSTANTIATE_TEST_SUITE_P(
    Cases, Optimizers,
    testing::Values(
        OptimizerCase{"sgd", sgd({})},
        OptimizerCase{"sgd_momentum_decay", sgd({.momentum = 0.9, .weight_decay = 0.05})},
        OptimizerCase{"sgd_nesterov_decay", sgd({.momentum = 0.8, .nesterov = Nesterov::yes, .weight_decay = 0.05})},
        OptimizerCase{"sgd_spared", sgd({.momentum = 0.9, .weight_decay = 0.3, .decay_norms = DecayNorms::no})},
        OptimizerCase{"sgd_clipped", sgd({.momentum = 0.9})}, OptimizerCase{"adam", adam({})},
        OptimizerCase{"adam_decay", adam({.beta1 = 0.8, .beta2 = 0.95, .epsilon = 1e-3, .weight_decay = 0.1})},
        OptimizerCase{"adam_absent_gradients", adam({})},
        OptimizerCase{"adamw", adam({.weight_decay = 0.1, .decay = Decay::decoupled})}),
    [](const testing::TestParamInfo<OptimizerCase>& optimizer_case) { return optimizer_case.param.name; });

TEST(Optimizer, LeavesParametersWithoutGradientAlone) {
  Problem problem(DType::f32);
  optim::Sgd optimizer(problem.parameters, {.momentum = 0.9, .weight_decay = 0.1});
  problem.set_gradients(0);
  optimizer.clear_gradients();
  EXPECT_FALSE(problem.parameters[0].variable.gradient().defined());
  optimizer.step();
  EXPECT_EQ(problem.parameters[0].variable.value().to_vector<float>(),
            pattern({7, 5}, 0).cast(DType::f32).to_vector<float>());
}

TEST(Optimizer, RefusesBadNumbers) {
  const std::vector<NamedParameter> parameters = Problem(DType::f32).parameters;
  constexpr double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(optim::Sgd({}, {}), std::invalid_argument);
  EXPECT_THROW(optim::Sgd(parameters, {.learning_rate = -1}), std::invalid_argument);
  EXPECT_THROW(optim::Sgd(parameters, {.learning_rate = nan}), std::invalid_argument);
  EXPECT_THROW(optim::Sgd(parameters, {.momentum = 1}), std::invalid_argument);
  EXPECT_THROW(optim::Sgd(parameters, {.weight_decay = -1e-4}), std::invalid_argument);
  EXPECT_THROW(optim::Sgd(parameters, {.nesterov = Nesterov::yes}), std::invalid_argument);
  EXPECT_THROW(optim::Adam(parameters, {.beta2 = 1}), std::invalid_argument);
  optim::Sgd optimizer(parameters, {});
  EXPECT_THROW(optimizer.set_learning_rate(nan), std::invalid_argument);
  std::vector<NamedParameter> mixed = parameters;
  mixed[1].variable = parameter(Tensor::zeros({7}, DType::f64));
  EXPECT_THROW(optim::Sgd(mixed, {}), std::invalid_argument);
}

TEST(Optimizer, RefusesAStateThatIsNotItsOwn) {
  Problem problem(DType::f32);
  optim::Sgd optimizer(problem.parameters, {.learning_rate = 0.5, .momentum = 0.9});
  std::vector<NamedTensor> state;
  for (const NamedTensor& entry : optimizer.state()) state.push_back({entry.name, entry.tensor.clone()});
  state[0].tensor = Tensor::full({}, 0.25, DType::f64);
  auto missing = state;
  missing.pop_back();
  auto unexpected = state;
  unexpected.push_back({"other.velocity", Tensor::zeros({7}, DType::f32)});
  auto misshapen = state;
  misshapen.back().tensor = Tensor::zeros({8}, DType::f32);
  for (const auto& wrong : {missing, unexpected, misshapen})
    EXPECT_THROW(optimizer.load_state(wrong), std::invalid_argument);
  EXPECT_EQ(optimizer.learning_rate(), 0.5);
  optimizer.load_state(state);
  EXPECT_EQ(optimizer.learning_rate(), 0.25);
}

}  // namespace
}  // namespace sluice::test
