// SPDX-License-Identifier: Apache-2.0
// The models by name: PyTorch's parameter names and shapes, equal numbers from equal seeds, clear refusals.
#include <sluice/nn/models.h>

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <sstream>

#include <sluice/nn/resnet.h>
#include <sluice/nn/state.h>
#include <sluice/nn/wide_resnet.h>
#include "tests/support/op_case.h"
#include "tests/support/reference.h"

namespace sluice::test {
namespace {

// model_names.txt: for each model the number of its parameters and, for most, "<name> <extent> <extent> ...".
struct Listed {
  std::int64_t parameters = 0;
  std::vector<std::string> entries;
};

std::map<std::string, Listed> listed_models() {
  std::map<std::string, Listed> models;
  std::ifstream file(reference_path("model_names.txt"));
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("#")) continue;
    const std::size_t space = line.find(' ');
    Listed& model = models[line.substr(0, space)];
    const std::string rest = line.substr(space + 1);
    if (rest.starts_with("parameters "))
      model.parameters = std::stoll(rest.substr(rest.find(' ')));
    else
      model.entries.push_back(rest);
  }
  return models;
}

nn::ModelOptions options_of(const std::string& name) { return {.name = name, .image = {32, 32, 3}, .classes = 10}; }

TEST(Models, HavePyTorchsNamesAndShapes) {
  const auto listed = listed_models();
  ASSERT_EQ(listed.size(), 14u);
  for (const auto& [name, expected] : listed) {
    const auto model = nn::make_model(options_of(name));
    std::int64_t parameters = 0;
    for (const NamedParameter& parameter : model->parameters()) parameters += parameter.variable.value().size();
    EXPECT_EQ(parameters, expected.parameters) << name;
    if (expected.entries.empty()) continue;
    std::vector<std::string> found;
    for (const NamedTensor& entry : nn::model_state(*model)) {
      std::string line = entry.name;
      for (const std::int64_t extent : entry.tensor.shape().extents()) line += " " + std::to_string(extent);
      found.push_back(line);
    }
    EXPECT_EQ(found, expected.entries) << name;
  }
}

TEST(Models, AreTheSameForTheSameSeed) {
  nn::ModelOptions options = options_of("resnet20-b");
  options.seed = 5;
  const auto first = nn::model_state(*nn::make_model(options));
  const auto again = nn::model_state(*nn::make_model(options));
  options.seed = 6;
  const auto other = nn::model_state(*nn::make_model(options));
  ASSERT_EQ(first.size(), again.size());
  for (std::size_t i = 0; i < first.size(); ++i) {
    EXPECT_EQ(first[i].tensor.to_vector<float>(), again[i].tensor.to_vector<float>()) << first[i].name;
    if (first[i].tensor.shape().rank() == 1) continue;
    EXPECT_NE(first[i].tensor.to_vector<float>(), other[i].tensor.to_vector<float>()) << first[i].name;
  }
}

TEST(Models, DropoutChangesNoParameter) {
  nn::ModelOptions options = options_of("mlp_paper");
  const auto without = nn::model_state(*nn::make_model(options));
  options.dropout = 0.5;
  const auto with = nn::model_state(*nn::make_model(options));
  ASSERT_EQ(without.size(), with.size());
  for (std::size_t i = 0; i < with.size(); ++i) {
    EXPECT_EQ(with[i].name, without[i].name);
    EXPECT_EQ(with[i].tensor.to_vector<float>(), without[i].tensor.to_vector<float>()) << with[i].name;
  }
}

TEST(Models, TakeOtherImagesAndClasses) {
  const Variable gray(random_tensor({2, 28, 28, 1}, DType::f32, 0));
  for (const char* name : {"resnet20", "resnet20-b", "mlp_paper"}) {
    const auto model = nn::make_model({.name = name, .image = {28, 28, 1}, .classes = 7});
    EXPECT_EQ((*model)(gray).shape(), (Shape{2, 7})) << name;
  }
  const auto points = nn::make_model({.name = "mlp_paper", .image = {1, 1, 2}, .classes = 2});
  EXPECT_EQ((*points)(Variable(random_tensor({5, 1, 1, 2}, DType::f32, 0))).shape(), (Shape{5, 2}));
}

TEST(Models, TakeBf16BesideParametersInF32) {
  const auto model = nn::make_model(options_of("resnet20"));
  const Tensor images = random_tensor({2, 32, 32, 3}, DType::f32, 0);
  Tape tape;
  const Variable logits = (*model)(tape.input(images.cast(DType::bf16)));
  EXPECT_EQ(logits.dtype(), DType::bf16);
  EXPECT_LE(deviation(logits.value(), (*model)(Variable(images)).value()), 0.1);
  tape.backward(logits, Tensor::full(logits.shape(), 1, DType::bf16));
  for (const NamedParameter& parameter : model->parameters())
    EXPECT_EQ(parameter.variable.gradient().dtype(), DType::f32) << parameter.name;
}

TEST(Models, RefuseWhatDoesNotFit) {
  const auto refuses = [](const nn::ModelOptions& options, const char* message) {
    try {
      nn::make_model(options);
      ADD_FAILURE() << options.name << " was made; expected: " << message;
    } catch (const std::invalid_argument& error) {
      EXPECT_NE(std::string(error.what()).find(message), std::string::npos) << error.what();
    }
  };
  refuses({.name = "resnet21", .image = {32, 32, 3}}, "did you mean 'resnet20'");
  refuses({.name = "vgg-11", .image = {32, 32, 3}}, "did you mean 'vgg11'");
  refuses({.name = "resnet20", .image = {32, 32}}, "[H,W,C]");
  refuses({.name = "resnet20", .image = {32, 32, 0}}, "[H,W,C]");
  refuses({.name = "resnet20", .image = {32, 32, 3}, .classes = 0}, "class");
  refuses({.name = "resnet20", .image = {32, 32, 3}, .dropout = 0.1}, "no dropout");
  refuses({.name = "vgg11", .image = {28, 28, 1}}, "32x32");
  refuses({.name = "mlp", .image = {28, 28, 1}, .dropout = 1}, "probability");
  EXPECT_THROW(nn::resnet_cifar_style(21, nn::Shortcut::projection), std::invalid_argument);
  EXPECT_THROW(nn::resnet_imagenet_style(50), std::invalid_argument);
  nn::Initialiser initialiser(1);
  EXPECT_THROW(nn::ResNet({.widths = {16, 32}, .blocks = {1}}, initialiser), std::invalid_argument);
  EXPECT_THROW(nn::WideResNet({.depth = 20}, initialiser), std::invalid_argument);
}

}  // namespace
}  // namespace sluice::test
