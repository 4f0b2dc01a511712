// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/datasets.h>

#include <algorithm>
#include <array>

#include <sluice/data/augment.h>
#include <sluice/data/transform.h>
#include "tests/data/scratch_folder.h"

namespace sluice::data {
namespace {

TEST(Datasets, UnknownNameTellsTheNearest) {
  EXPECT_EQ(dataset_names(),
            (std::vector<std::string>{"cifar10", "cifar100", "mnist", "fashion-mnist", "kmnist", "svhn", "shapes10"}));
  try {
    load_dataset("fashon_mnist", "somewhere");
    ADD_FAILURE();
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("'fashion-mnist'"), std::string::npos) << error.what();
  }
}

TEST(Datasets, FilesNeedAFolder) {
  expect_io_error([] { load_dataset("cifar10", ""); }, {"cifar10", "folder"});
  expect_io_error([] { load_dataset("mnist", "/nowhere/at/all"); }, {"/nowhere/at/all", "https://yann.lecun.com"});
}

TEST(Datasets, Shapes10NeedsNone) {
  const ImageSplits splits = load_dataset("shapes10", "");
  EXPECT_EQ(splits.train.size(), 10000);
  EXPECT_EQ(splits.test.size(), 2000);
}

TEST(Datasets, LimitsGiveTheFirstImages) {
  const ImageSplits all = load_dataset("shapes10", ""), few = load_dataset("shapes10", "", {.train = 7, .test = 3});
  for (const auto& [part, whole, count] :
       {std::tuple{&few.train, &all.train, 7}, std::tuple{&few.test, &all.test, 3}}) {
    ASSERT_EQ(part->size(), count);
    EXPECT_EQ(part->images, take(*whole, count).images);
    EXPECT_EQ(part->labels, take(*whole, count).labels);
  }
  EXPECT_EQ(load_dataset("shapes10", "", {.train = 20000, .test = 3}).train.size(), 10000);
}

// Real files, in the folder that SLUICE_DATA names.
class RealFiles : public testing::Test {
 protected:
  std::filesystem::path folder;
  void SetUp() override {
    const char* given = std::getenv("SLUICE_DATA");
    if (given == nullptr || *given == '\0') GTEST_SKIP() << "SLUICE_DATA names no folder of real data";
    folder = given;
  }
  void need(const std::string& name) const {
    if (!exists(folder / name)) GTEST_SKIP() << folder / name << " is not there";
  }
};

std::array<std::int64_t, 10> counts(const ImageDataset& dataset) {
  std::array<std::int64_t, 10> result{};
  for (const std::int32_t label : dataset.labels) ++result.at(static_cast<std::size_t>(label));
  return result;
}

TEST_F(RealFiles, Cifar10) {
  need("cifar-10-batches-bin");
  if (IsSkipped()) return;
  const ImageSplits splits = load_dataset("cifar10", folder);
  EXPECT_EQ(splits.train.size(), 50000);
  EXPECT_EQ(splits.test.size(), 10000);
  for (const std::int64_t count : counts(splits.train)) EXPECT_EQ(count, 5000);
  for (const std::int64_t count : counts(splits.test)) EXPECT_EQ(count, 1000);
  // The labels of the official files' first images: frog, truck, truck, deer; cat, ship, ship, airplane.
  EXPECT_TRUE(std::equal(splits.train.labels.begin(), splits.train.labels.begin() + 4, std::begin({6, 9, 9, 4})));
  EXPECT_TRUE(std::equal(splits.test.labels.begin(), splits.test.labels.begin() + 4, std::begin({3, 8, 8, 0})));
  const Normalisation measured = measure_normalisation(splits.train), usual = usual_normalisation("cifar10");
  for (std::size_t c = 0; c < 3; ++c) {  // the files may have gone through a lossy codec
    EXPECT_NEAR(measured.mean[c], usual.mean[c], 2e-3);
    EXPECT_NEAR(measured.deviation[c], usual.deviation[c], 5e-3);
  }
  EXPECT_EQ(load_dataset("cifar10", folder / "cifar-10-batches-bin").test.labels, splits.test.labels);
}

TEST_F(RealFiles, Cifar10Sample) {
  need("cifar10-sample");
  if (IsSkipped()) return;
  const ImageSplits splits = load_dataset("cifar10", folder / "cifar10-sample");
  EXPECT_EQ(splits.train.images.size(), static_cast<std::size_t>(splits.train.size() * 3072));
  EXPECT_GE(std::ranges::min(counts(splits.train)), splits.train.size() / 20);
  EXPECT_GE(std::ranges::min(counts(splits.test)), splits.test.size() / 20);
}

TEST_F(RealFiles, Mnist) {
  need("mnist");
  if (IsSkipped()) return;
  const ImageSplits splits = load_dataset("mnist", folder);
  EXPECT_EQ(splits.train.size(), 60000);
  EXPECT_EQ(splits.test.size(), 10000);
  EXPECT_EQ(splits.train.height, 28);
  // Counts of the digits as published.
  EXPECT_EQ(counts(splits.train),
            (std::array<std::int64_t, 10>{5923, 6742, 5958, 6131, 5842, 5421, 5918, 6265, 5851, 5949}));
  const Normalisation measured = measure_normalisation(splits.train);
  EXPECT_NEAR(measured.mean[0], 0.1307, 5e-5);
  EXPECT_NEAR(measured.deviation[0], 0.3081, 5e-5);
}

}  // namespace
}  // namespace sluice::data
