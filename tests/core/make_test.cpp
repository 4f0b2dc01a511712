// SPDX-License-Identifier: Apache-2.0
// Rules are compared with what numpy.arange, linspace and eye give, random numbers with the moments of their
// distributions: bounds are five standard deviations of the sample's.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <sluice/core/make.h>

namespace sluice::test {
namespace {

TEST(Make, RulesAreNumPys) {
  EXPECT_EQ(arange(1, 4, -0.5).to_vector<float>(), (std::vector<float>{1, 0.5, 0, -0.5}));
  EXPECT_EQ(arange(3, 3, 2, DType::i32).to_vector<std::int32_t>(), (std::vector<std::int32_t>{3, 5, 7}));
  EXPECT_EQ(arange(3, 0).shape(), Shape{0});
  EXPECT_EQ(linspace(-1, 1, 5, DType::f64).to_vector<double>(), (std::vector<double>{-1, -0.5, 0, 0.5, 1}));
  EXPECT_EQ(linspace(0, 0.3, 4, DType::f64).to_vector<double>().back(), 0.3);
  EXPECT_EQ(linspace(2, 9, 1).to_vector<float>(), (std::vector<float>{2}));
  EXPECT_EQ(eye(2, DType::bf16).cast(DType::f32).to_vector<float>(), (std::vector<float>{1, 0, 0, 1}));
  EXPECT_EQ(eye(0).shape(), (Shape{0, 0}));
  EXPECT_THROW(arange(0, -1), std::invalid_argument);
  EXPECT_THROW(eye(2, DType::u8), std::invalid_argument);
}

constexpr std::int64_t kCount = 40000;

std::pair<double, double> mean_and_variance(const Tensor& x) {
  const std::vector<double> values = x.to_vector<double>();
  const double n = static_cast<double>(values.size());
  const double mean = std::accumulate(values.begin(), values.end(), 0.0) / n;
  double squares = 0;
  for (const double value : values) squares += (value - mean) * (value - mean);
  return {mean, squares / n};
}

TEST(Make, RandomNumbersHaveTheirMoments) {
  const double n = kCount;
  const auto [normal, normal_variance] = mean_and_variance(random_normal({kCount}, {.seed = 7}, DType::f64));
  EXPECT_NEAR(normal, 0, 5 / std::sqrt(n));
  EXPECT_NEAR(normal_variance, 1, 5 * std::sqrt(2 / n));
  const Tensor uniform = random_uniform({kCount}, {.seed = 7}, -1, 3, DType::f64);
  const auto [mean, variance] = mean_and_variance(uniform);
  EXPECT_NEAR(mean, 1, 5 * std::sqrt(16.0 / 12 / n));
  EXPECT_NEAR(variance, 16.0 / 12, 0.05);
  const std::vector<double> values = uniform.to_vector<double>();
  EXPECT_GE(*std::ranges::min_element(values), -1);
  EXPECT_LT(*std::ranges::max_element(values), 3);
  const auto [share, share_variance] = mean_and_variance(random_bernoulli({kCount}, 0.3, {.seed = 7}, DType::f64));
  EXPECT_NEAR(share, 0.3, 5 * std::sqrt(0.21 / n));
  EXPECT_NEAR(share_variance, share * (1 - share), 1e-12);
  EXPECT_THROW(random_bernoulli({2}, 1.5, {}), std::invalid_argument);
}

TEST(Make, SeedStreamAndStepDecide) {
  const auto drawn = [](RandomSource source) { return random_uniform({8}, source).to_vector<float>(); };
  EXPECT_EQ(drawn({1, 2, 3}), drawn({1, 2, 3}));
  EXPECT_NE(drawn({1, 2, 3}), drawn({2, 2, 3}));
  EXPECT_NE(drawn({1, 2, 3}), drawn({1, 3, 3}));
  EXPECT_NE(drawn({1, 2, 3}), drawn({1, 2, 4}));
}

TEST(Make, APermutationHasEveryNumberOnce) {
  std::vector<std::int32_t> order = random_permutation(1000, {.seed = 5}).to_vector<std::int32_t>();
  EXPECT_FALSE(std::ranges::is_sorted(order));
  std::ranges::sort(order);
  for (std::int32_t i = 0; i < 1000; ++i) EXPECT_EQ(order[static_cast<std::size_t>(i)], i);
  EXPECT_EQ(random_permutation(0, {}).size(), 0);
}

}  // namespace
}  // namespace sluice::test
