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

TEST(NearestName, EmptyInputs) {
  EXPECT_EQ(nearest_name("mlp", {}), "");
  EXPECT_EQ(nearest_name("", kModels), "mlp");
}

}  // namespace
}  // namespace sluice
