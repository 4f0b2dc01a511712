// SPDX-License-Identifier: Apache-2.0
#include <sluice/nn/initialiser.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

namespace sluice::test {
namespace {

using nn::BiasInit;
using nn::Initialiser;
using nn::WeightInit;

struct Moments {
  double mean = 0, deviation = 0, largest = 0;
};

Moments moments(const Tensor& tensor) {
  Moments result;
  const auto values = tensor.to_vector<float>();
  const auto count = static_cast<double>(values.size());
  for (const double value : values) {
    result.mean += value / count;
    result.largest = std::max(result.largest, std::abs(value));
  }
  for (const double value : values) result.deviation += (value - result.mean) * (value - result.mean) / count;
  result.deviation = std::sqrt(result.deviation);
  return result;
}

TEST(Initialiser, CountsFansAsPyTorch) {
  // torch.nn.init._calculate_fan_in_and_fan_out of [48,24], [32,16,3,5] and a weight of 4 groups, [32,4,3,3].
  EXPECT_EQ(nn::fans_of({48, 24}).in, 24);
  EXPECT_EQ(nn::fans_of({48, 24}).out, 48);
  EXPECT_EQ(nn::fans_of({32, 3, 5, 16}).in, 240);
  EXPECT_EQ(nn::fans_of({32, 3, 5, 16}).out, 480);
  EXPECT_EQ(nn::fans_of({32, 3, 3, 4}).out, 288);
  EXPECT_THROW(nn::fans_of({4}), std::invalid_argument);
}

// 92160 elements: a deviation's standard error is about 0.25 %, that of the mean 0.35 % of a deviation.
TEST(Initialiser, DrawsWithTheFormulasMoments) {
  const Shape shape{128, 3, 3, 80};  // fan in 720, out 1152
  const struct {
    WeightInit init;
    double deviation;
    double bound;  // 0: normal
  } cases[] = {
      {WeightInit::kaiming_uniform, std::sqrt(1 / 720.0 / 3), std::sqrt(1 / 720.0)},
      {WeightInit::kaiming_normal, std::sqrt(2 / 720.0), 0},
      {WeightInit::kaiming_normal_fan_out, std::sqrt(2 / 1152.0), 0},
      {WeightInit::xavier_uniform, std::sqrt(2 / 1872.0), std::sqrt(6 / 1872.0)},
      {WeightInit::xavier_normal, std::sqrt(2 / 1872.0), 0},
  };
  Initialiser initialiser(3);
  for (const auto& expected : cases) {
    const Moments found = moments(initialiser.weight(shape, expected.init));
    const int kind = static_cast<int>(expected.init);
    EXPECT_NEAR(found.mean, 0, 0.02 * expected.deviation) << kind;
    EXPECT_NEAR(found.deviation, expected.deviation, 0.015 * expected.deviation) << kind;
    if (expected.bound > 0) {
      EXPECT_LE(found.largest, expected.bound * (1 + 1e-7)) << kind;
      EXPECT_GE(found.largest, 0.99 * expected.bound) << kind;
    } else {
      EXPECT_GE(found.largest, 3.5 * expected.deviation) << kind;
    }
  }
}

TEST(Initialiser, DrawsBiases) {
  Initialiser initialiser(1);
  const Moments found = moments(initialiser.bias(20000, 100, BiasInit::uniform));
  EXPECT_LE(found.largest, 0.1);
  EXPECT_NEAR(found.deviation, 0.1 / std::sqrt(3.0), 1e-3);
  EXPECT_FALSE(initialiser.bias(10, 100, BiasInit::none).defined());
  EXPECT_EQ(moments(initialiser.bias(10, 100, BiasInit::zeros)).largest, 0);
}

TEST(Initialiser, TheNthParameterIsStreamNOfTheSeed) {
  const auto third = [](std::uint64_t seed, const Shape& first) {
    Initialiser initialiser(seed);
    initialiser.weight(first, WeightInit::kaiming_normal);
    initialiser.constant({4}, 1);
    initialiser.dropout_seed();
    return initialiser.weight({6, 5}, WeightInit::kaiming_uniform).to_vector<float>();
  };
  EXPECT_EQ(third(1, {3, 3}), third(1, {10, 10}));
  EXPECT_NE(third(1, {3, 3}), third(2, {3, 3}));
  PhiloxStream stream(1, RandomPurpose::initialise, 2);
  const auto bound = static_cast<float>(std::sqrt(1 / 5.0));
  EXPECT_FLOAT_EQ(third(1, {3, 3})[0], bound * (2 * stream.next_uniform() - 1));
}

TEST(Initialiser, GivesEveryDropoutLayerItsSeed) {
  Initialiser one(1);
  Initialiser two(2);
  const std::uint64_t seeds[] = {one.dropout_seed(), one.dropout_seed(), two.dropout_seed()};
  EXPECT_NE(seeds[0], seeds[1]);
  EXPECT_NE(seeds[0], seeds[2]);
}

}  // namespace
}  // namespace sluice::test
