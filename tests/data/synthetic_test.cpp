// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/synthetic.h>

#include <gtest/gtest.h>

#include <cmath>
#include <numbers>
#include <stdexcept>

namespace sluice::data {
namespace {

constexpr double kPi = std::numbers::pi;

double at(const std::vector<float>& features, std::int64_t dimensions, std::int64_t row, std::int64_t column) {
  return static_cast<double>(features[static_cast<std::size_t>(row * dimensions + column)]);
}

double share_of_ones(const Tensor& labels) {
  double ones = 0;
  for (const std::int32_t label : labels.to_vector<std::int32_t>()) ones += label;
  return ones / static_cast<double>(labels.size());
}

TEST(Synthetic, GaussianMoments) {
  const VectorDataset set =
      make_synthetic({.kind = Synthetic::gaussian, .count = 20000, .seed = 2, .gaussian_mean = 1});
  ASSERT_EQ(set.features.shape(), (Shape{20000, 10}));
  EXPECT_EQ(share_of_ones(set.labels), 0.5);
  const std::vector<float> features = set.features.to_vector<float>();
  const std::vector<std::int32_t> labels = set.labels.to_vector<std::int32_t>();
  for (std::int64_t column = 0; column < 10; ++column) {
    double sum[2] = {0, 0}, squares[2] = {0, 0}, with_next = 0;
    for (std::int64_t row = 0; row < 20000; ++row) {
      const std::int32_t k = labels[static_cast<std::size_t>(row)];
      const double x = at(features, 10, row, column) - k;
      sum[k] += x;
      squares[k] += x * x;
      with_next += x * (at(features, 10, row, (column + 1) % 10) - k);
    }
    for (const int k : {0, 1}) {  // 10000 points: five standard errors
      EXPECT_NEAR(sum[k] / 10000, 0, 0.05);
      EXPECT_NEAR(squares[k] / 10000, 1, 0.07);
    }
    EXPECT_NEAR(with_next / 20000, 0, 0.036);
  }
}

TEST(Synthetic, SpiralIsTheFormula) {
  const VectorDataset set = make_synthetic({.kind = Synthetic::spiral, .count = 101});
  const std::vector<float> features = set.features.to_vector<float>();
  const std::vector<std::int32_t> labels = set.labels.to_vector<std::int32_t>();
  for (std::int64_t row = 0; row < 101; ++row) {
    const bool positive = row % 2 == 1;  // 50 of class 1, 51 of class 0
    const double angle = 4 * kPi * static_cast<double>(row / 2) / (positive ? 49 : 50);
    const double radius = positive ? angle : angle + kPi;
    EXPECT_EQ(labels[static_cast<std::size_t>(row)], positive ? 1 : 0);
    EXPECT_NEAR(at(features, 2, row, 0), radius * std::cos(angle), 1e-5);
    EXPECT_NEAR(at(features, 2, row, 1), radius * std::sin(angle), 1e-5);
  }
}

TEST(Synthetic, SpiralNoiseHasItsDeviation) {
  const auto features = [](double noise) {
    return make_synthetic({.kind = Synthetic::spiral, .count = 10000, .spiral_noise = noise})
        .features.to_vector<float>();
  };
  const std::vector<float> clean = features(0), noisy = features(0.5);
  double squares = 0;
  for (std::size_t i = 0; i < clean.size(); ++i)
    squares += std::pow(static_cast<double>(noisy[i]) - static_cast<double>(clean[i]), 2);
  EXPECT_NEAR(std::sqrt(squares / static_cast<double>(clean.size())), 0.5, 0.0125);
}

// Labels by each form's formula, and the distribution that the points come from.
TEST(Synthetic, SinusoidsAreTheirFormulas) {
  struct Form {
    Synthetic kind;
    std::int64_t dimensions;
    double mean_square;  // of a coordinate
    double (*score)(double, double);
  };
  const Form forms[] = {
      {Synthetic::sinusoid, 2, 1, [](double x, double y) { return x + y + std::sin(-x + y); }},
      {Synthetic::sinusoid_repository, 10, 4, [](double x, double y) { return x + std::sin(y); }},
      {Synthetic::sinusoid2d, 2, 1, [](double x, double y) { return 1.5 * x + std::sin(1.5 * y); }},
  };
  for (const Form& form : forms) {
    const VectorDataset set = make_synthetic({.kind = form.kind, .count = 10000, .seed = 3});
    SCOPED_TRACE(set.name);
    ASSERT_EQ(set.features.shape(), (Shape{10000, form.dimensions}));
    const std::vector<float> features = set.features.to_vector<float>();
    const std::vector<std::int32_t> labels = set.labels.to_vector<std::int32_t>();
    double squares = 0;
    for (std::int64_t row = 0; row < 10000; ++row) {
      const double x = at(features, form.dimensions, row, 0), y = at(features, form.dimensions, row, 1);
      const double score = form.score(x, y);
      const bool on_the_edge = std::abs(score) < 1e-5;
      EXPECT_TRUE(on_the_edge || labels[static_cast<std::size_t>(row)] == (score > 0 ? 1 : 0));
      EXPECT_TRUE(form.kind != Synthetic::sinusoid2d || std::hypot(x, y) <= 2.00001);
      squares += x * x + y * y;
    }
    EXPECT_NEAR(squares / 20000 / form.mean_square, 1, 0.05);
    EXPECT_NEAR(share_of_ones(set.labels), 0.5, 0.025);
  }
}

// Uniform in a disc: a quarter of the points lie within half of the radius.
TEST(Synthetic, Sinusoid2dIsUniformInTheDisc) {
  const VectorDataset set = make_synthetic({.kind = Synthetic::sinusoid2d, .count = 10000});
  const std::vector<float> features = set.features.to_vector<float>();
  int within = 0;
  for (std::int64_t row = 0; row < 10000; ++row)
    within += std::hypot(at(features, 2, row, 0), at(features, 2, row, 1)) <= 1 ? 1 : 0;
  EXPECT_NEAR(within, 2500, 220);
}

TEST(Synthetic, LabelNoiseFlipsExactlyThatMany) {
  for (const Synthetic kind : {Synthetic::gaussian, Synthetic::spiral, Synthetic::sinusoid,
                               Synthetic::sinusoid_repository, Synthetic::sinusoid2d})
    for (const double noise : {0.0, 0.01, 0.05, 0.1, 0.29}) {
      const VectorDataset set = make_synthetic({.kind = kind, .count = 100, .label_noise = noise});
      const std::vector<std::int32_t> noisy = set.labels.to_vector<std::int32_t>();
      const std::vector<std::int32_t> clean = set.clean_labels.to_vector<std::int32_t>();
      int flipped = 0;
      for (std::size_t i = 0; i < noisy.size(); ++i) flipped += noisy[i] != clean[i] ? 1 : 0;
      EXPECT_EQ(flipped, std::lround(100 * noise));
    }
}

TEST(Synthetic, PartsAndSeedsAreOtherDraws) {
  const auto features = [](std::uint64_t seed, Part part) {
    return make_synthetic({.kind = Synthetic::gaussian, .part = part, .seed = seed}).features.to_vector<float>();
  };
  const std::vector<float> train = features(1, Part::train);
  EXPECT_EQ(features(1, Part::train), train);
  EXPECT_NE(features(2, Part::train), train);
  EXPECT_NE(features(1, Part::validation), train);
  EXPECT_NE(features(1, Part::test), features(1, Part::validation));
  const auto noisy = [](Part part) {
    return make_synthetic({.kind = Synthetic::spiral, .part = part, .label_noise = 0.1})
        .labels.to_vector<std::int32_t>();
  };
  EXPECT_NE(noisy(Part::train), noisy(Part::validation));
}

TEST(Synthetic, NamesAndMisuse) {
  for (const std::string& name : synthetic_names())
    EXPECT_EQ(make_synthetic({.kind = parse_synthetic(name)}).name, name);
  EXPECT_THROW(parse_synthetic("spirals"), std::invalid_argument);
  EXPECT_THROW(make_synthetic({.count = 1}), std::invalid_argument);
  EXPECT_THROW(make_synthetic({.dimensions = 0}), std::invalid_argument);
  EXPECT_THROW(make_synthetic({.label_noise = 2}), std::invalid_argument);
}

}  // namespace
}  // namespace sluice::data
