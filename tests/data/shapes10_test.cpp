// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/shapes10.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <set>

#include <sluice/data/shapes10_outline.h>

namespace sluice::data {
namespace {

// Fowler, Noll and Vo's hash, 64 bits, variant 1a.
std::uint64_t checksum(const std::vector<std::uint8_t>& bytes) {
  std::uint64_t hash = 0xcbf29ce484222325u;
  for (const std::uint8_t byte : bytes) hash = (hash ^ byte) * 0x100000001b3u;
  return hash;
}

TEST(Shapes10, HasTheSameBitsEverywhere) {
  const ImageSplits splits = make_shapes10({.train = 500, .test = 100, .seed = 0});
  EXPECT_EQ(checksum(splits.train.images), 0x78b67c74f053975cu);
  EXPECT_EQ(checksum(splits.test.images), 0x5e5bfe1b4578a6b1u);
}

TEST(Shapes10, ClassesTakeTurns) {
  const ImageSplits splits = make_shapes10({.train = 130, .test = 20});
  EXPECT_EQ(splits.train.classes, 10);
  EXPECT_EQ(splits.train.class_names.size(), 10u);
  EXPECT_EQ(splits.train.images.size(), 130u * 32 * 32 * 3);
  for (std::int32_t label = 0; label < 10; ++label) {
    EXPECT_EQ(std::ranges::count(splits.train.labels, label), 13);
    EXPECT_EQ(std::ranges::count(splits.test.labels, label), 2);
  }
}

TEST(Shapes10, EachImageIsAFunctionOfSeedPartAndIndex) {
  const ImageSplits few = make_shapes10({.train = 40, .test = 40, .seed = 6});
  const ImageSplits many = make_shapes10({.train = 200, .test = 90, .seed = 6});
  EXPECT_TRUE(std::equal(few.train.images.begin(), few.train.images.end(), many.train.images.begin()));
  EXPECT_TRUE(std::equal(few.test.images.begin(), few.test.images.end(), many.test.images.begin()));
  EXPECT_NE(few.train.images, few.test.images);
  EXPECT_NE(few.train.images, make_shapes10({.train = 40, .test = 40, .seed = 7}).train.images);
  std::set<std::vector<std::uint8_t>> images;
  for (std::int64_t i = 0; i < 200; ++i)
    images.insert({many.train.images.begin() + i * 3072, many.train.images.begin() + (i + 1) * 3072});
  EXPECT_EQ(images.size(), 200u);
}

TEST(Shapes10, RefusesEmptyParts) {
  EXPECT_THROW(make_shapes10({.train = 0}), std::invalid_argument);
  EXPECT_THROW(make_shapes10({.test = -1}), std::invalid_argument);
}

TEST(Shapes10, SineIsCloseToTheTrueOne) {
  for (int degrees = -400; degrees <= 800; ++degrees)
    EXPECT_NEAR(shapes10::sine(degrees), 4096 * std::sin(degrees * std::numbers::pi / 180), 8) << degrees;
}

// Areas by counting points, against geometry.
TEST(Shapes10, OutlinesHaveTheirAreas) {
  const auto area = [](int shape) {
    std::int64_t count = 0;
    for (std::int32_t u = -1498; u <= 1498; u += 4)
      for (std::int32_t v = -1498; v <= 1498; v += 4) count += shapes10::inside(shape, u, v) ? 1 : 0;
    return static_cast<double>(count) * 16;
  };
  const double pi = std::numbers::pi;
  // A lens of two circles, radii 1000 and 800, centres 480 apart, is what a crescent lacks.
  const double near = 480 * 480, a = 1e6, b = 64e4;
  const double lens = a * std::acos((near + a - b) / (2 * 480 * 1000)) +
                      b * std::acos((near + b - a) / (2 * 480 * 800)) -
                      0.5 * std::sqrt((-480 + 1800) * (480 + 200.0) * (480 - 200.0) * (480 + 1800));
  EXPECT_NEAR(area(0), pi * 920 * 920, 2e4);
  EXPECT_NEAR(area(1), pi * (1e6 - 560 * 560), 2e4);
  EXPECT_NEAR(area(2), pi * 1e6 - lens, 2e4);
  EXPECT_NEAR(area(3), 1600 * 1600, 2e4);
  EXPECT_NEAR(area(4), 950 * 1650, 2e4);
  EXPECT_NEAR(area(5), 5 * 1150 * 460 * std::sin(pi / 5), 2e4);
  EXPECT_NEAR(area(6), 2 * 640 * 2040 - 640 * 640, 2e4);
  EXPECT_NEAR(area(8), 540 * 1100 + 800 * 1050 - 50 * (540 + 540) / 2.0, 2e4);
  EXPECT_NEAR(area(9), 2 * 960 * (160 + 0.8 * 960), 2e4);
}

TEST(Shapes10, PlacementTurnsAndScales) {
  // A wide square at (16, 16) pixels turned by 90 degrees is a tall one.
  const shapes10::Placement tall(16 * 256, 16 * 256, 10 * 256, 5 * 256, 90);
  EXPECT_TRUE(tall.covers(3, 16 * 256, (16 + 7) * 256));
  EXPECT_FALSE(tall.covers(3, (16 + 7) * 256, 16 * 256));
  EXPECT_TRUE(tall.covers(3, (16 + 3) * 256, 16 * 256));
}

}  // namespace
}  // namespace sluice::data
