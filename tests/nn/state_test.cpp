// SPDX-License-Identifier: Apache-2.0
#include <sluice/nn/state.h>

#include <gtest/gtest.h>

#include <functional>

#include <sluice/nn/mlp.h>
#include <sluice/nn/models.h>

namespace sluice::test {
namespace {

std::unique_ptr<nn::Module> resnet(std::uint64_t seed) {
  return nn::make_model({.name = "resnet20-b", .image = {32, 32, 3}, .seed = seed});
}

void expect_equal(const std::vector<NamedTensor>& a, const std::vector<NamedTensor>& b) {
  ASSERT_EQ(a.size(), b.size());
  for (std::size_t i = 0; i < a.size(); ++i)
    EXPECT_EQ(a[i].tensor.to_vector<float>(), b[i].tensor.to_vector<float>()) << a[i].name;
}

TEST(State, ComesBackFromAFile) {
  const std::string path = testing::TempDir() + "sluice_state_test.safetensors";
  const auto saved = resnet(1);
  saved->buffers()[3].tensor.copy_from(Tensor::full(saved->buffers()[3].tensor.shape(), 0.5, DType::f32));
  nn::save_model(*saved, path, {{"model", "resnet20-b"}});
  const auto loaded = resnet(2);
  nn::load_model(*loaded, path);
  expect_equal(nn::model_state(*saved), nn::model_state(*loaded));
  EXPECT_EQ(load_safetensors(path).metadata.at("model"), "resnet20-b");
}

TEST(State, IsACopy) {
  const auto model = resnet(1);
  const auto state = nn::model_state(*model);
  for (const NamedParameter& parameter : model->parameters()) {
    Tensor value = parameter.variable.value();
    value.fill_zero();
  }
  EXPECT_NE(state[0].tensor.to_vector<float>()[0], 0);
  EXPECT_NE(state[1].tensor.to_vector<float>()[0], 0);
}

TEST(State, HoldsConvolutionsAsPyTorch) {
  const auto model = resnet(1);
  const NamedParameter stem = model->parameters()[0];
  Tensor krsc = stem.variable.value();
  krsc.mutable_data<float>()[((2 * 3 + 1) * 3 + 0) * 3 + 2] = 42;  // k 2, r 1, s 0, c 2
  const Tensor kcrs = nn::model_state(*model)[0].tensor;
  EXPECT_EQ(kcrs.shape(), (Shape{16, 3, 3, 3}));
  EXPECT_EQ(kcrs.data<float>()[((2 * 3 + 2) * 3 + 1) * 3 + 0], 42);
}

TEST(State, HoldsColumnsOverAnImageAsPyTorch) {
  nn::Initialiser initialiser(1);
  nn::Mlp model({.image = {4, 5, 3}, .classes = 2, .hidden = {7}}, initialiser);
  Tensor weight = model.parameters()[0].variable.value();
  weight.mutable_data<float>()[6 * 60 + (3 * 5 + 2) * 3 + 1] = 42;  // unit 6, row 3, column 2, channel 1
  const auto state = nn::model_state(model);
  EXPECT_EQ(state[0].name, "1.weight");
  EXPECT_EQ(state[0].tensor.shape(), (Shape{7, 60}));
  EXPECT_EQ(state[0].tensor.data<float>()[6 * 60 + (1 * 4 + 3) * 5 + 2], 42);
  const std::vector<float> before = weight.to_vector<float>();
  weight.fill_zero();
  nn::load_model_state(model, state);
  EXPECT_EQ(weight.to_vector<float>(), before);
}

TEST(State, TakesOtherFloatingTypesAndBatchCounters) {
  const auto model = resnet(1);
  auto state = nn::model_state(*resnet(2));
  const auto expected = nn::model_state(*resnet(2));
  state[0].tensor = state[0].tensor.cast(DType::f64);
  state.push_back({"bn1.num_batches_tracked", Tensor::full({}, 3, DType::i32)});
  nn::load_model_state(*model, state);
  expect_equal(nn::model_state(*model), expected);
}

TEST(State, NamesWhatDoesNotFitAndChangesNothing) {
  const auto expect_error = [](const std::function<void(std::vector<NamedTensor>&)>& damage,
                               const std::vector<std::string>& words) {
    const auto model = resnet(1);
    auto state = nn::model_state(*resnet(2));
    damage(state);
    try {
      nn::load_model_state(*model, state);
      ADD_FAILURE() << "a state with a wrong " << words[0] << " was loaded";
    } catch (const IoError& error) {
      for (const std::string& word : words)
        EXPECT_NE(std::string(error.what()).find(word), std::string::npos) << error.what();
    }
    expect_equal(nn::model_state(*model), nn::model_state(*resnet(1)));
  };
  expect_error([](auto& state) { state.erase(state.begin()); }, {"conv1.weight", "missing"});
  expect_error(
      [](auto& state) {
        state.push_back({"fc.weight", Tensor::zeros({10, 64}, DType::f32)});
      },
      {"fc.weight", "unexpected"});
  expect_error(
      [](auto& state) {
        state[0].tensor = Tensor::zeros({16, 1, 3, 3}, DType::f32);
      },
      {"conv1.weight", "[16,3,3,3]", "[16,1,3,3]"});
  expect_error([](auto& state) { state[1].tensor = Tensor::full({16}, 1, DType::i32); }, {"bn1.weight", "i32"});
}

std::vector<NamedTensor> renamed(std::vector<NamedTensor> state, const std::string& prefix) {
  for (NamedTensor& entry : state) entry.name = prefix + entry.name;
  return state;
}

TEST(State, TakesNamesAsPyTorchsWrappersWriteThem) {
  for (const char* prefix : {"module.", "_orig_mod.", "_orig_mod.module."}) {
    const auto model = resnet(1);
    nn::load_model_state(*model, renamed(nn::model_state(*resnet(2)), prefix));
    expect_equal(nn::model_state(*model), nn::model_state(*resnet(2)));
  }
  const auto model = resnet(1);
  auto twice = nn::model_state(*resnet(2));
  twice.push_back({"module." + twice[0].name, twice[0].tensor});
  EXPECT_THROW(nn::load_model_state(*model, twice), IoError);
}

TEST(State, NamesWhatIsMissingAndWhatIsThere) {
  const auto model = resnet(1);
  try {
    nn::load_model_state(*model, renamed(nn::model_state(*model), "backbone."));
    ADD_FAILURE() << "names of another model were taken";
  } catch (const IoError& error) {
    EXPECT_NE(std::string(error.what()).find("\"conv1.weight\" is missing"), std::string::npos) << error.what();
    EXPECT_NE(std::string(error.what()).find("\"backbone.bn1.bias\" is unexpected"), std::string::npos) << error.what();
  }
}

TEST(State, WholeNumbersThatNobodyAskedForArePassedOver) {
  const auto model = resnet(1);
  Archive archive{.tensors = nn::model_state(*resnet(2)), .metadata = {}, .left_out = {{"mask", "BOOL"}}};
  archive.tensors.push_back({"step", Tensor::full({}, 3, DType::i32)});
  nn::load_model_state(*model, archive);
  expect_equal(nn::model_state(*model), nn::model_state(*resnet(2)));
  archive.tensors.erase(archive.tensors.begin());
  archive.left_out["conv1.weight"] = "F8_E4M3";
  try {
    nn::load_model_state(*model, archive);
    ADD_FAILURE() << "a weight that is not read was not missed";
  } catch (const IoError& error) {
    EXPECT_NE(std::string(error.what()).find("F8_E4M3"), std::string::npos) << error.what();
  }
}

TEST(State, NamesTheFile) {
  const std::string path = testing::TempDir() + "sluice_other_model.safetensors";
  nn::save_model(*nn::make_model({.name = "mlp_paper", .image = {1, 1, 2}, .classes = 2}), path);
  try {
    nn::load_model(*resnet(1), path);
    FAIL() << "another model's weights were loaded";
  } catch (const IoError& error) {
    EXPECT_NE(std::string(error.what()).find(path), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace sluice::test
