// SPDX-License-Identifier: Apache-2.0
#include <sluice/base/nearest_name.h>

#include <gtest/gtest.h>

#include <vector>

namespace sluice {
namespace {

const std::vector<std::string> kModels = {"resnet18", "resnet20", "resnet110", "wide_resnet28_10", "mlp", "vgg11"};

TEST(NearestName, FindsTheName) {
  EXPECT_EQ(nearest_name("resnet20", kModels), "resnet20");
  EXPECT_EQ(nearest_name("resnet10", kModels), "resnet18");  // distance 1 to three names: the first of them
  EXPECT_EQ(nearest_name("restnet110", kModels), "resnet110");
  EXPECT_EQ(nearest_name("lmp", kModels), "mlp");
  EXPECT_EQ(nearest_name("VGG", kModels), "vgg11");
  EXPECT_EQ(nearest_name("wide-resnet28", kModels), "wide_resnet28_10");
}

TEST(NearestName, ASwapOfNeighboursIsOneEdit) {
  // Two insertions and deletions would leave "filp" as near to "fi".
  EXPECT_EQ(nearest_name("filp", std::vector<std::string>{"fi", "flip"}), "flip");
}

TEST(NearestName, NothingPastAThirdOfTheLength) {
  EXPECT_EQ(nearest_name("transformer", kModels), "");
  EXPECT_EQ(nearest_name("--lr", std::vector<std::string>{"--sam", "--ema"}), "");
  EXPECT_EQ(nearest_name("abc", std::vector<std::string>{"abx"}), "abx");
  EXPECT_EQ(nearest_name("abc", std::vector<std::string>{"axx"}), "");
  EXPECT_EQ(nearest_name("vg", kModels), "") << "too few letters to be completed";
  EXPECT_EQ(nearest_name("wide", kModels), "wide_resnet28_10");
}

TEST(NearestName, EmptyInputs) {
  EXPECT_EQ(nearest_name("mlp", {}), "");
  EXPECT_EQ(nearest_name("", kModels), "");
}

TEST(NearestName, SaysNothingInAMessageWhereNothingIsNear) {
  EXPECT_EQ(did_you_mean("resnet21", kModels), "; did you mean 'resnet20'?");
  EXPECT_EQ(did_you_mean("transformer", kModels), ".");
}

}  // namespace
}  // namespace sluice
