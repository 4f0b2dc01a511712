// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/transform.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <set>
#include <stdexcept>

namespace sluice::data {
namespace {

// One pixel an image, its low and high byte in two channels.
ImageDataset numbered(std::int64_t count, std::int64_t classes = 10) {
  ImageDataset dataset{.name = "numbered", .height = 1, .width = 1, .channels = 2, .classes = classes};
  for (std::int64_t i = 0; i < count; ++i) {
    dataset.images.push_back(static_cast<std::uint8_t>(i));
    dataset.images.push_back(static_cast<std::uint8_t>(i >> 8));
    dataset.labels.push_back(static_cast<std::int32_t>(i % classes));
  }
  return dataset;
}

std::vector<int> numbers(const ImageDataset& dataset) {
  std::vector<int> result;
  for (std::size_t i = 0; i < dataset.images.size(); i += 2)
    result.push_back(dataset.images[i] + 256 * dataset.images[i + 1]);
  return result;
}

TEST(Transform, ShareIsTheFloorOfTheDecimalProduct) {
  EXPECT_EQ(share_of(100, 0.29), 29);  // 28.999999999999996 in double
  EXPECT_EQ(share_of(100, 0.01), 1);
  EXPECT_EQ(share_of(4000, 0.2), 800);
  EXPECT_EQ(share_of(99, 0.1), 9);
  EXPECT_EQ(share_of(10, 0.0), 0);
  EXPECT_EQ(share_of(7, 1.0), 7);
  EXPECT_EQ(share_of(50000, 0.15), 7500);
}

TEST(Transform, TakeKeepsTheFirst) {
  const ImageDataset five = take(numbered(12), 5);
  EXPECT_EQ(numbers(five), (std::vector<int>{0, 1, 2, 3, 4}));
  EXPECT_EQ(five.labels, (std::vector<std::int32_t>{0, 1, 2, 3, 4}));
  EXPECT_EQ(take(numbered(12), 12).size(), 12);
  EXPECT_THROW(take(numbered(12), 13), std::invalid_argument);
  EXPECT_THROW(take(numbered(12), 0), std::invalid_argument);
}

TEST(Transform, EachImageIsInOneFold) {
  std::multiset<std::int64_t> all;
  for (std::int64_t number = 1; number <= 3; ++number) {
    const std::vector<std::int64_t> samples = samples_of({.number = number, .count = 3}, 100, 5);
    EXPECT_EQ(samples.size(), number == 1 ? 34u : 33u);
    EXPECT_TRUE(std::ranges::is_sorted(samples));
    all.insert(samples.begin(), samples.end());
  }
  std::multiset<std::int64_t> expected;
  for (std::int64_t i = 0; i < 100; ++i) expected.insert(i);
  EXPECT_EQ(all, expected);
  const auto first = [](std::uint64_t seed) { return samples_of({.number = 1, .count = 3}, 100, seed); };
  EXPECT_EQ(first(5), first(5));
  EXPECT_NE(first(5), first(6));
  EXPECT_THROW(samples_of({.number = 1, .count = 5}, 4, 0), std::invalid_argument);
}

TEST(Transform, FoldsAreParsed) {
  EXPECT_EQ(parse_fold("2/5").number, 2);
  EXPECT_EQ(parse_fold("2/5").count, 5);
  EXPECT_EQ(parse_fold("10/10").number, 10);
  for (const char* text : {"", "2", "/", "2/", "/5", "0/5", "6/5", "-1/5", "1/1", "1/5x", "1 /5", "1/5/5"})
    EXPECT_THROW(parse_fold(text), std::invalid_argument) << text;
}

TEST(Transform, HoldsOutTheNamedImages) {
  const ValidationSplit split = hold_out(numbered(6), {1, 4});
  EXPECT_EQ(numbers(split.validation), (std::vector<int>{1, 4}));
  EXPECT_EQ(numbers(split.train), (std::vector<int>{0, 2, 3, 5}));
  EXPECT_EQ(split.validation.labels, (std::vector<std::int32_t>{1, 4}));
}

TEST(Transform, SplitHoldsOutExactly) {
  const ImageDataset dataset = numbered(1000);
  const ValidationSplit split = split_validation(dataset, 0.15, 3);
  EXPECT_EQ(split.validation.size(), 150);
  EXPECT_EQ(split.train.size(), 850);
  const std::vector<int> train = numbers(split.train), validation = numbers(split.validation);
  std::set<int> all(train.begin(), train.end());
  all.insert(validation.begin(), validation.end());
  EXPECT_EQ(all.size(), 1000u);
  EXPECT_TRUE(std::ranges::is_sorted(train));
  EXPECT_TRUE(std::ranges::is_sorted(validation));
  for (std::size_t i = 0; i < train.size(); ++i) EXPECT_EQ(split.train.labels[i], train[i] % 10);
  EXPECT_EQ(numbers(split_validation(dataset, 0.15, 3).validation), validation);
  EXPECT_NE(numbers(split_validation(dataset, 0.15, 4).validation), validation);
  EXPECT_EQ(split.validation.classes, 10);
  EXPECT_EQ(split_validation(dataset, 0, 3).validation.size(), 0);
  EXPECT_THROW(split_validation(dataset, 1, 3), std::invalid_argument);
  EXPECT_THROW(split_validation(dataset, -0.1, 3), std::invalid_argument);
  EXPECT_THROW(split_validation(dataset, NAN, 3), std::invalid_argument);
}

TEST(LabelNoise, ChangesExactlyThatMany) {
  for (const double fraction : {0.0, 0.01, 0.05, 0.1, 0.29, 0.999, 1.0}) {
    const ImageDataset clean = numbered(999);
    ImageDataset noisy = clean;
    const std::vector<std::int64_t> changed = add_label_noise(noisy, fraction, 5);
    std::vector<std::int64_t> differing;
    for (std::int64_t i = 0; i < 999; ++i)
      if (noisy.labels[static_cast<std::size_t>(i)] != clean.labels[static_cast<std::size_t>(i)])
        differing.push_back(i);
    EXPECT_EQ(static_cast<double>(differing.size()), std::floor(999 * fraction));
    EXPECT_EQ(changed, differing);
    EXPECT_TRUE(std::ranges::all_of(noisy.labels, [](std::int32_t label) { return label >= 0 && label < 10; }));
    EXPECT_EQ(noisy.images, clean.images);
  }
}

TEST(LabelNoise, IsAFunctionOfTheSeed) {
  std::vector<std::int32_t> a(500, 1), b(500, 1), c(500, 1), d(500, 1);
  add_label_noise(a, 10, 0.2, 1);
  add_label_noise(b, 10, 0.2, 1);
  add_label_noise(c, 10, 0.2, 2);
  add_label_noise(d, 10, 0.2, 1, 7);
  EXPECT_EQ(a, b);
  EXPECT_NE(a, c);
  EXPECT_NE(a, d);
}

// Every other class alike: chi-squared below its 1 - 1e-6 quantile (41 for 8 degrees).
TEST(LabelNoise, IsSymmetric) {
  std::vector<std::int32_t> labels(9000, 4);
  add_label_noise(labels, 10, 1, 0);
  std::array<double, 10> counts{};
  for (const std::int32_t label : labels) ++counts.at(static_cast<std::size_t>(label));
  EXPECT_EQ(counts[4], 0);
  double chi_squared = 0;
  for (std::size_t k = 0; k < 10; ++k)
    if (k != 4) chi_squared += (counts[k] - 1000) * (counts[k] - 1000) / 1000;
  EXPECT_LT(chi_squared, 41);
}

TEST(LabelNoise, RefusesMisuse) {
  std::vector<std::int32_t> labels(10, 0);
  EXPECT_THROW(add_label_noise(labels, 10, 1.1, 0), std::invalid_argument);
  EXPECT_THROW(add_label_noise(labels, 10, -0.1, 0), std::invalid_argument);
  EXPECT_THROW(add_label_noise(labels, 10, NAN, 0), std::invalid_argument);
  EXPECT_THROW(add_label_noise(labels, 1, 0.5, 0), std::invalid_argument);
}

}  // namespace
}  // namespace sluice::data
