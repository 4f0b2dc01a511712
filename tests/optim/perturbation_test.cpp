// SPDX-License-Identifier: Apache-2.0
// Sharpness-aware minimisation and the gradient penalty on a quadratic, where both gradients are known exactly, and on
// a network with batch norm.
#include <sluice/optim/perturbation.h>

#include <gtest/gtest.h>

#include <cmath>
#include <stdexcept>

#include <sluice/core/ops.h>
#include <sluice/nn/batch_norm.h>
#include <sluice/nn/linear.h>
#include <sluice/nn/sequential.h>
#include <sluice/optim/gradients.h>
#include <sluice/optim/sgd.h>
#include "tests/support/op_case.h"

namespace sluice::test {
namespace {

using Values = std::vector<double>;

// L(w) = sum_i h_i w_i^2 / 2 over two parameters, whose gradient is h w.
class Quadratic {
 public:
  Quadratic()
      : parameters{{"a", parameter(Tensor::from<double>({1, -2, 0.5}, {3}))},
                   {"b", parameter(Tensor::from<double>({3}, {1}))}} {}

  void backward() {
    for (std::size_t p = 0; p < 2; ++p) {
      Variable& variable = parameters[p].variable;
      Values gradient = variable.value().to_vector<double>();
      for (std::size_t i = 0; i < gradient.size(); ++i) gradient[i] *= curvature[p][i];
      variable.set_gradient(Tensor::from<double>(gradient, variable.shape()));
    }
  }
  Values gradient() const {
    Values all;
    for (const NamedParameter& parameter : parameters)
      for (const double value : parameter.variable.gradient().to_vector<double>()) all.push_back(value);
    return all;
  }
  Values value() const {
    Values all;
    for (const NamedParameter& parameter : parameters)
      for (const double value : parameter.variable.value().to_vector<double>()) all.push_back(value);
    return all;
  }

  std::vector<NamedParameter> parameters;
  const std::vector<Values> curvature{{2, 1, 4}, {0.5}};
  const Values all_curvature{2, 1, 4, 0.5};
};

void expect_near(const Values& actual, const Values& expected, double tolerance) {
  ASSERT_EQ(actual.size(), expected.size());
  for (std::size_t i = 0; i < actual.size(); ++i) EXPECT_NEAR(actual[i], expected[i], tolerance) << i;
}

// w = (1, -2, 0.5, 3), h = (2, 1, 4, 0.5): g = (2, -2, 2, 1.5), |g| = sqrt(14.25).
TEST(Sam, TakesTheGradientOneRadiusUpTheSlope) {
  Quadratic quadratic;
  optim::Sam sam(quadratic.parameters, {}, 0.5);
  const Values before = quadratic.value();
  quadratic.backward();
  sam.perturb();
  const double length = std::sqrt(14.25);
  expect_near(quadratic.value(),
              {1 + 0.5 * 2 / length, -2 - 0.5 * 2 / length, 0.5 + 0.5 * 2 / length, 3 + 0.5 * 1.5 / length}, 1e-15);
  const Values there = quadratic.value();
  for (const NamedParameter& parameter : quadratic.parameters)
    EXPECT_FALSE(parameter.variable.gradient().defined()) << "the second pass starts from none";
  quadratic.backward();
  sam.restore();
  EXPECT_EQ(quadratic.value(), before) << "bit for bit";
  Values expected;
  for (std::size_t i = 0; i < there.size(); ++i) expected.push_back(there[i] * quadratic.all_curvature[i]);
  EXPECT_EQ(quadratic.gradient(), expected);
}

TEST(Sam, AtAStationaryPointStaysThere) {
  Quadratic quadratic;
  optim::Sam sam(quadratic.parameters, {}, 0.5);
  const Values before = quadratic.value();
  for (NamedParameter& parameter : quadratic.parameters)
    parameter.variable.set_gradient(Tensor::zeros(parameter.variable.shape(), DType::f64));
  sam.perturb();
  EXPECT_EQ(quadratic.value(), before);
}

// The finite difference is exact on a quadratic: the gradient of L + gamma/2 |g|^2 is g + gamma h g.
TEST(GradientPenalty, OfAQuadraticIsExactUpAndDownTheSlope) {
  for (const double step : {0.125, -0.125, 1e-3}) {
    Quadratic quadratic;
    optim::GradientPenalty penalty(quadratic.parameters, {}, {.strength = 0.3, .step = step});
    const Values before = quadratic.value();
    quadratic.backward();
    const Values first = quadratic.gradient();
    penalty.perturb();
    quadratic.backward();
    penalty.restore();
    EXPECT_EQ(quadratic.value(), before);
    Values expected;
    for (std::size_t i = 0; i < first.size(); ++i)
      expected.push_back(first[i] * (1 + 0.3 * quadratic.all_curvature[i]));
    expect_near(quadratic.gradient(), expected, 1e-12);
  }
}

// What flooding does at its level: one step up, one down, moves w by -rate^2 / 2 times the gradient of |g|^2.
TEST(GradientPenalty, IsWhatAnAscentAndADescentStepDoTogether) {
  Quadratic quadratic;
  constexpr double rate = 1e-4;
  optim::Sgd sgd(quadratic.parameters, {.learning_rate = rate});
  const Values before = quadratic.value();
  quadratic.backward();
  optim::scale_gradients(quadratic.parameters, Tensor::full({}, -1, DType::f64));
  sgd.step();
  quadratic.backward();
  sgd.step();
  for (std::size_t i = 0; i < before.size(); ++i) {
    const double h = quadratic.all_curvature[i];
    const double gradient_of_square = 2 * h * h * before[i];
    EXPECT_NEAR((quadratic.value()[i] - before[i]) / (rate * rate), -gradient_of_square / 2, 1e-6);
  }
}

// Two parameters may have been handed one tensor as their gradient (an addition does that).
TEST(GradientPenalty, OfASharedGradientWritesEachItsOwn) {
  std::vector<NamedParameter> parameters{{"a", parameter(Tensor::full({}, 1, DType::f64))},
                                         {"b", parameter(Tensor::full({}, 2, DType::f64))}};
  optim::GradientPenalty penalty(parameters, {}, {.strength = 1, .step = 0.5});
  const auto backward = [&](double to_both) {
    const Tensor shared = Tensor::full({}, to_both, DType::f64);
    for (NamedParameter& parameter : parameters) parameter.variable.set_gradient(shared);
  };
  backward(1);
  penalty.perturb();
  backward(3);
  penalty.restore();
  for (const NamedParameter& parameter : parameters)
    EXPECT_EQ(parameter.variable.gradient().item(), 1 + (3.0 - 1) / 0.5);
}

TEST(Sam, MovesRunningStatisticsOnce) {
  nn::Sequential once, twice;
  for (nn::Sequential* model : {&once, &twice}) {
    nn::Initialiser same(1);
    model->emplace<nn::Linear>(nn::LinearOptions{.inputs = 4, .outputs = 6}, same);
    model->emplace<nn::BatchNorm>(6, same);
  }
  const Tensor x = random_tensor({8, 4}, DType::f32, 3);
  const auto backward = [&](nn::Module& model) {
    Tape tape;
    const Variable y = model(tape.input(x));
    tape.backward(ops::softmax_cross_entropy(y, Tensor::zeros({8}, DType::i32)));
  };
  backward(once);
  optim::Sam sam(twice.parameters(), twice.buffers(), 0.5);
  backward(twice);
  sam.perturb();
  backward(twice);
  EXPECT_NE(twice.buffers()[0].tensor.to_vector<float>(), once.buffers()[0].tensor.to_vector<float>());
  sam.restore();
  for (std::size_t i = 0; i < once.buffers().size(); ++i)
    EXPECT_EQ(twice.buffers()[i].tensor.to_vector<float>(), once.buffers()[i].tensor.to_vector<float>());
}

TEST(Sam, PassesOverParametersWithoutAGradient) {
  Quadratic quadratic;
  optim::Sam sam(quadratic.parameters, {}, 0.5);
  const auto backward_of_b = [&] { quadratic.parameters[1].variable.set_gradient(Tensor::full({1}, 7, DType::f64)); };
  backward_of_b();
  sam.perturb();
  EXPECT_EQ(quadratic.value(), (Values{1, -2, 0.5, 3.5}));
  backward_of_b();
  sam.restore();
  EXPECT_EQ(quadratic.value(), (Values{1, -2, 0.5, 3}));
  EXPECT_FALSE(quadratic.parameters[0].variable.gradient().defined());
}

TEST(Perturbation, MisuseIsNamed) {
  Quadratic quadratic;
  const auto& parameters = quadratic.parameters;
  for (const double radius : {0.0, -0.1, std::nan(""), HUGE_VAL})
    EXPECT_THROW(optim::Sam(parameters, {}, radius), std::invalid_argument) << radius;
  for (const auto& [strength, step] : {std::pair{0.0, 0.1}, {-1, 0.1}, {1, 0}, {1, std::nan("")}, {HUGE_VAL, 1}})
    EXPECT_THROW(optim::GradientPenalty(parameters, {}, {.strength = strength, .step = step}), std::invalid_argument);
  optim::Sam sam(parameters, {}, 0.5);
  EXPECT_THROW(sam.restore(), std::logic_error);
  quadratic.backward();
  sam.perturb();
  EXPECT_THROW(sam.perturb(), std::logic_error);
  EXPECT_THROW(sam.restore(), std::logic_error) << "no second backward pass";
}

}  // namespace
}  // namespace sluice::test
