// SPDX-License-Identifier: Apache-2.0
#include <sluice/nn/module.h>

#include <gtest/gtest.h>

#include <algorithm>

#include <sluice/nn/activation.h>
#include <sluice/nn/batch_norm.h>
#include <sluice/nn/conv2d.h>
#include <sluice/nn/dropout.h>
#include <sluice/nn/layer_norm.h>
#include <sluice/nn/linear.h>
#include <sluice/nn/pool.h>
#include <sluice/nn/sequential.h>
#include <sluice/optim/sgd.h>
#include "tests/support/op_case.h"

namespace sluice::test {
namespace {

std::vector<std::string> names_of(const nn::Module& module) {
  std::vector<std::string> names;
  for (const NamedParameter& parameter : module.parameters()) names.push_back(parameter.name);
  for (const NamedTensor& buffer : module.buffers()) names.push_back(buffer.name);
  return names;
}

TEST(Module, FrozenLayersDoNoWorkAndAreLeftByTheOptimizer) {
  nn::Initialiser initialiser(1);
  nn::Sequential model;
  auto& trunk = model.emplace<nn::Sequential>();
  trunk.emplace<nn::Conv2d>(nn::Conv2dOptions{.inputs = 3, .outputs = 4}, initialiser);
  trunk.emplace<nn::BatchNorm>(4, initialiser);
  model.emplace<nn::GlobalAveragePool>();
  model.emplace<nn::Linear>(nn::LinearOptions{.inputs = 4, .outputs = 2}, initialiser);
  trunk.requires_gradient(false);
  std::vector<std::string> ran;
  Tape tape([&](const char* name, TapePhase phase, const Tensor&) {
    if (phase == TapePhase::ran_back) ran.push_back(name);
  });
  const Variable y = model(tape.input(random_tensor({2, 5, 5, 3}, DType::f32, 1)));
  const auto values = [&] {
    std::vector<std::vector<float>> all;
    for (const NamedParameter& parameter : model.parameters())
      all.push_back(parameter.variable.value().to_vector<float>());
    return all;
  };
  const auto before = values();
  optim::Sgd sgd(model.parameters(), {.learning_rate = 0.1, .weight_decay = 0.1});
  tape.backward(y, random_tensor({2, 2}, DType::f32, 2));
  sgd.step();
  EXPECT_EQ(ran, std::vector<std::string>{"linear"});
  const auto after = values();
  for (std::size_t i = 0; i < before.size(); ++i) EXPECT_EQ(before[i] == after[i], i < 4) << model.parameters()[i].name;
}

TEST(Module, JoinsNamesByDotsAndTellsKinds) {
  nn::Initialiser initialiser(1);
  nn::Sequential model;
  auto& inner = model.emplace<nn::Sequential>();
  inner.emplace<nn::Conv2d>(nn::Conv2dOptions{.inputs = 3, .outputs = 4}, initialiser);
  inner.emplace<nn::BatchNorm>(4, initialiser);
  model.emplace<nn::Relu>();
  model.emplace<nn::LayerNorm>(4, initialiser);
  model.emplace<nn::Linear>(nn::LinearOptions{.inputs = 4, .outputs = 2, .bias = nn::BiasInit::none}, initialiser);
  EXPECT_EQ(names_of(model), (std::vector<std::string>{"0.0.weight", "0.0.bias", "0.1.weight", "0.1.bias", "2.weight",
                                                       "2.bias", "3.weight", "0.1.running_mean", "0.1.running_var"}));
  using enum ParameterKind;
  std::vector<ParameterKind> kinds;
  for (const NamedParameter& parameter : model.parameters()) kinds.push_back(parameter.kind);
  EXPECT_EQ(kinds, (std::vector{weight, bias, normalisation, normalisation, normalisation, normalisation, weight}));
}

TEST(Module, RunsLayersInOrder) {
  nn::Initialiser initialiser(1);
  nn::Sequential model;
  model.emplace<nn::MaxPool2d>();
  model.emplace<nn::Silu>();
  model.emplace<nn::Gelu>();
  model.emplace<nn::AvgPool2d>();
  model.emplace<nn::GlobalAveragePool>();
  model.emplace<nn::Flatten>();
  model.emplace<nn::Linear>(nn::LinearOptions{.inputs = 3, .outputs = 5}, initialiser);
  model.emplace<nn::LayerNorm>(5, initialiser);
  const Variable y = model(Variable(random_tensor({2, 8, 8, 3}, DType::f32, 0)));
  EXPECT_EQ(y.shape(), (Shape{2, 5}));
  // Layer norm came last: every row has mean 0.
  for (int row = 0; row < 2; ++row) {
    double sum = 0;
    for (const float value : y.value().rows(row, 1).to_vector<float>()) sum += value;
    EXPECT_NEAR(sum, 0, 1e-5);
  }
}

TEST(Module, SharesGradientsAndClearsThem) {
  nn::Initialiser initialiser(1);
  nn::Linear layer({.inputs = 3, .outputs = 2}, initialiser);
  const std::vector<NamedParameter> parameters = layer.parameters();
  Tape tape;
  const Variable y = layer(tape.input(Tensor::full({4, 3}, 1, DType::f32)));
  tape.backward(y, Tensor::full({4, 2}, 1, DType::f32));
  EXPECT_EQ(parameters[1].variable.gradient().to_vector<float>(), std::vector<float>(2, 4.0f));
  layer.clear_gradients();
  EXPECT_FALSE(parameters[0].variable.gradient().defined());
  EXPECT_FALSE(parameters[1].variable.gradient().defined());
}

TEST(Module, ModeReachesEveryPart) {
  nn::Initialiser initialiser(1);
  nn::Sequential model;
  auto& norm = model.emplace<nn::Sequential>().emplace<nn::BatchNorm>(2, initialiser);
  EXPECT_EQ(norm.mode(), Mode::train);
  const Variable x(random_tensor({8, 2}, DType::f32, 0, 1, 3));
  model.set_mode(Mode::eval);
  // Running statistics 0 and 1 at first: the identity, but for epsilon; and they stay.
  EXPECT_LE(deviation(model(x).value(), x.value()), 1e-5);
  EXPECT_EQ(norm.statistics().running_mean.to_vector<float>(), std::vector<float>(2, 0.0f));
  model.set_mode(Mode::train);
  EXPECT_GE(deviation(model(x).value(), x.value()), 0.1);
  EXPECT_NE(model.buffers()[0].tensor.to_vector<float>()[0], 0);
}

class DropoutModule : public testing::Test {
 protected:
  static std::vector<float> run(nn::Module& layer) {
    return layer(Variable(Tensor::full({64}, 1, DType::f32))).value().to_vector<float>();
  }
  nn::Initialiser initialiser{1};
};

TEST_F(DropoutModule, MaskIsAFunctionOfTheStep) {
  nn::Sequential model;
  model.emplace<nn::Dropout>(0.5, initialiser);
  model.set_step(7);
  const auto first = run(model);
  const auto second_part = run(model);
  model.set_step(8);
  EXPECT_NE(run(model), first);
  // The micro-batches of a step differ, and a step repeated after a resume draws its masks again.
  EXPECT_NE(second_part, first);
  model.set_step(7);
  EXPECT_EQ(run(model), first);
  EXPECT_EQ(run(model), second_part);
  // So does a second pass over the same batch.
  model.set_step(7);
  EXPECT_EQ(run(model), first);
}

TEST_F(DropoutModule, DiffersBetweenPassesWithoutAStep) {
  nn::Dropout layer(0.5, initialiser);
  const auto first = run(layer);
  EXPECT_NE(run(layer), first);
}

TEST_F(DropoutModule, DiffersBetweenLayers) {
  nn::Dropout one(0.5, initialiser);
  nn::Dropout two(0.5, initialiser);
  EXPECT_NE(run(one), run(two));
}

TEST_F(DropoutModule, IsTheIdentityInEvaluation) {
  nn::Dropout layer(0.5, initialiser);
  layer.set_mode(Mode::eval);
  EXPECT_EQ(run(layer), std::vector<float>(64, 1.0f));
}

TEST(Module, LayersRefuseWhatDoesNotFit) {
  nn::Initialiser initialiser(1);
  const nn::Conv2dOptions not_divisible{.inputs = 3, .outputs = 4, .geometry = {.groups = 2}};
  EXPECT_THROW(nn::Conv2d(not_divisible, initialiser), std::invalid_argument);
  EXPECT_THROW(nn::Conv2d({.inputs = 0, .outputs = 4}, initialiser), std::invalid_argument);
  EXPECT_THROW(nn::Linear({.inputs = 3, .outputs = 0}, initialiser), std::invalid_argument);
  EXPECT_THROW(nn::Linear({.inputs = 3, .outputs = 1, .image = {2, 2, 3}}, initialiser), std::invalid_argument);
  EXPECT_THROW(nn::Dropout(1, initialiser), std::invalid_argument);
  EXPECT_THROW(nn::Sequential().append(nullptr), std::invalid_argument);
  EXPECT_THROW(nn::Initialiser(1, DType::bf16), std::invalid_argument);
}

}  // namespace
}  // namespace sluice::test
