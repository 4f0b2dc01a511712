// SPDX-License-Identifier: Apache-2.0
// The algebra of flooding (Ishida et al., ICML 2020), exact where it is exact: what a network trained with it relies
// on.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <sluice/core/ops.h>
#include <sluice/core/ops/meter.h>
#include "tests/support/op_case.h"

namespace sluice::test {
namespace {

constexpr std::int64_t kImages = 12, kFeatures = 9, kHidden = 17, kClasses = 5;

struct SmallNet {
  Variable weight1 = parameter(random_tensor({kHidden, kFeatures}, DType::f32, 1));
  Variable bias1 = parameter(random_tensor({kHidden}, DType::f32, 2));
  Variable weight2 = parameter(random_tensor({kClasses, kHidden}, DType::f32, 3));
  Variable bias2 = parameter(random_tensor({kClasses}, DType::f32, 4));

  Variable operator()(const Variable& x) const {
    return ops::linear(ops::relu(ops::linear(x, weight1, bias1)), weight2, bias2);
  }
  std::vector<Variable> parameters() const { return {weight1, bias1, weight2, bias2}; }
  void clear_gradients() const {
    for (Variable variable : parameters()) variable.clear_gradient();
  }
};

using Values = std::vector<float>;

std::vector<Values> gradients_of(const SmallNet& net) {
  std::vector<Values> gradients;
  for (const Variable& variable : net.parameters()) gradients.push_back(variable.gradient().to_vector<float>());
  return gradients;
}

Tensor images() { return random_tensor({kImages, kFeatures}, DType::f32, 5, -2, 2); }

Tensor labels() {
  std::vector<std::int32_t> values(kImages);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int32_t>(i * 7 % kClasses);
  return Tensor::from<std::int32_t>(values, {kImages});
}

double plain_loss(const SmallNet& net) { return ops::softmax_cross_entropy(net(images()), labels()).value().item(); }

// Parameter gradients of one batch, with `wrap` around its loss.
template <class Wrap>
std::vector<Values> gradients_with(const SmallNet& net, const Wrap& wrap) {
  net.clear_gradients();
  Tape tape;
  tape.backward(wrap(ops::softmax_cross_entropy(net(tape.input(images())), labels())));
  return gradients_of(net);
}

std::vector<Values> plain_gradients(const SmallNet& net) {
  return gradients_with(net, [](const Variable& loss) { return loss; });
}

std::vector<Values> flooded_gradients(const SmallNet& net, double level) {
  return gradients_with(net, [level](const Variable& loss) { return ops::flood(loss, level); });
}

std::vector<Values> times(std::vector<Values> gradients, float factor) {
  for (Values& values : gradients)
    for (float& value : values) value *= factor;
  return gradients;
}

double flooded(double loss, double level) {
  return ops::flood(Tensor::full({}, loss, DType::f64), level).value().item();
}

std::vector<double> random_losses(std::uint32_t stream, std::int64_t count, double low, double high) {
  return random_tensor({count}, DType::f64, stream, low, high).to_vector<double>();
}

TEST(Flood, GradientsAreTheSignTimesThePlainOnesBitForBit) {
  const SmallNet net;
  const double loss = plain_loss(net);
  const std::vector<Values> plain = plain_gradients(net);
  for (const Values& values : plain)
    ASSERT_TRUE(std::ranges::any_of(values, [](float value) { return value != 0; })) << "a test on zeros shows nothing";
  for (const double level : {loss / 2, double{std::nextafter(static_cast<float>(loss), 0.0f)}})
    EXPECT_EQ(flooded_gradients(net, level), plain) << "above a level of " << level;
  for (const double level : {loss * 2, double{std::nextafter(static_cast<float>(loss), 99.0f)}})
    EXPECT_EQ(flooded_gradients(net, level), times(plain, -1)) << "below a level of " << level;
}

TEST(Flood, AtTheLevelTheDataGradientIsZero) {
  const SmallNet net;
  for (const Values& values : flooded_gradients(net, plain_loss(net)))
    EXPECT_TRUE(std::ranges::all_of(values, [](float value) { return value == 0; }));
}

TEST(Flood, LevelZeroIsTheVeryVariable) {
  Tape tape;
  // A loss may be negative (a log-likelihood of a density, say): |L| would turn it round.
  for (const double value : {0.7, 0.0, -0.7}) {
    const Variable loss = tape.watched(Tensor::full({}, value, DType::f32));
    const std::size_t recorded = tape.size();
    const Variable same = ops::flood(loss, 0);
    EXPECT_EQ(same.value().raw(), loss.value().raw());
    EXPECT_EQ(tape.size(), recorded) << "nothing was recorded";
  }
}

TEST(Flood, ARunAtLevelZeroHasTheBitsOfARunWithoutTheWrapper) {
  const auto trained = [](bool wrapped) {
    SmallNet net;
    for (int step = 0; step < 20; ++step) {
      gradients_with(net, [&](const Variable& loss) { return wrapped ? ops::flood(loss, 0) : loss; });
      for (Variable variable : net.parameters()) {
        const Values gradient = variable.gradient().to_vector<float>();
        for (std::size_t i = 0; i < gradient.size(); ++i)
          variable.value().mutable_data<float>()[i] -= 0.1f * gradient[i];
      }
    }
    std::vector<Values> weights;
    for (const Variable& variable : net.parameters()) weights.push_back(variable.value().to_vector<float>());
    return weights;
  };
  EXPECT_EQ(trained(true), trained(false));
}

TEST(Flood, ValueIsTheLossAboveTheLevelAndItsMirrorImageBelow) {
  for (const double loss : random_losses(6, 50, 0.5, 3)) EXPECT_EQ(flooded(loss, 0.5), loss);
  for (const double loss : random_losses(7, 50, 0, 0.5)) EXPECT_EQ(flooded(loss, 0.5), 2 * 0.5 - loss);
  EXPECT_EQ(flooded(0.5, 0.5), 0.5);
  EXPECT_TRUE(std::isnan(flooded(std::nan(""), 0.5)));
  for (const double loss : random_losses(8, 50, 0, 3))
    EXPECT_NEAR(flooded(loss, 0.7), std::abs(loss - 0.7) + 0.7, 1e-15) << "the formula of the paper";
}

// |.| is convex: flooding mini-batches minimises an upper bound of flooding the whole, equal where all lie on one side.
TEST(Flood, OfTheMeanIsAtMostTheMeanOfFloods) {
  for (std::uint32_t draw = 0; draw < 200; ++draw) {
    const std::vector<double> losses = random_losses(100 + draw, 7, 0, 2);
    const double level = random_losses(400 + draw, 1, 0.01, 2)[0];
    double mean = 0, mean_of_floods = 0;
    for (const double loss : losses) {
      mean += loss / 7;
      mean_of_floods += flooded(loss, level) / 7;
    }
    const auto [least, most] = std::ranges::minmax(losses);
    if (least >= level || most <= level)
      EXPECT_NEAR(flooded(mean, level), mean_of_floods, 1e-14);
    else
      EXPECT_LT(flooded(mean, level), mean_of_floods);
  }
}

// The flooded risk estimate is nowhere farther from the risk R than the plain one, as long as b <= R; so neither is its
// mean squared error.
TEST(Flood, NeverTakesAnEstimateFartherFromARiskAboveTheLevel) {
  for (std::uint32_t draw = 0; draw < 50; ++draw) {
    const double risk = random_losses(700 + draw, 1, 0.1, 1)[0];
    const double level = risk * random_losses(800 + draw, 1, 0.01, 1)[0];
    double error = 0, flooded_error = 0;
    for (const double estimate : random_losses(900 + draw, 100, 0, 2 * risk)) {
      const double distance = std::abs(estimate - risk);
      const double flooded_distance = std::abs(flooded(estimate, level) - risk);
      if (estimate < level)
        EXPECT_LT(flooded_distance, distance) << estimate << " at level " << level << ", risk " << risk;
      else
        EXPECT_EQ(flooded_distance, distance);
      error += distance * distance;
      flooded_error += flooded_distance * flooded_distance;
    }
    EXPECT_LE(flooded_error, error);
  }
}

struct MicroBatch {
  std::int64_t first;
  std::int64_t count;
};
constexpr MicroBatch kMicroBatches[] = {{0, 5}, {5, 1}, {6, 6}};

TEST(Flood, OneSignFromTheAccumulatedMeanEqualsTheBigBatch) {
  const SmallNet net;
  const double loss = plain_loss(net);
  std::vector<double> parts;
  for (const MicroBatch& part : kMicroBatches)
    parts.push_back(
        ops::softmax_cross_entropy(net(images().rows(part.first, part.count)), labels().rows(part.first, part.count))
            .value()
            .item());
  const auto [least, most] = std::ranges::minmax(parts);
  // Levels on either side of the mean and within the spread: a sign for each micro-batch would be another method.
  for (const double level : {(loss + least) / 2, (loss + most) / 2}) {
    ASSERT_TRUE(least < level && level < most);
    const std::vector<Values> expected = flooded_gradients(net, level);
    net.clear_gradients();
    Tensor mean = Tensor::zeros({}, DType::f32);
    for (const MicroBatch& part : kMicroBatches) {
      Tape tape;
      const Variable logits = net(tape.input(images().rows(part.first, part.count)));
      const Variable share = ops::multiply(ops::softmax_cross_entropy(logits, labels().rows(part.first, part.count)),
                                           static_cast<double>(part.count) / static_cast<double>(kImages));
      mean = ops::add(mean, share.value()).value();
      tape.backward(share);
    }
    EXPECT_NEAR(mean.item(), loss, 1e-6 * loss);
    const Tensor sign = ops::flood_sign(mean, level);
    EXPECT_EQ(sign.item(), loss > level ? 1 : -1);
    const std::vector<Values> gathered = times(gradients_of(net), static_cast<float>(sign.item()));
    for (std::size_t i = 0; i < expected.size(); ++i)
      for (std::size_t j = 0; j < expected[i].size(); ++j) EXPECT_NEAR(gathered[i][j], expected[i][j], 1e-6);
  }
}

TEST(Flood, SignIsThatOfTheGradient) {
  const auto sign = [](double loss, double level) {
    const Tensor result = ops::flood_sign(Tensor::full({}, loss, DType::f32), level);
    EXPECT_EQ(result.dtype(), DType::f32);
    EXPECT_EQ(result.shape(), Shape{});
    return result.item();
  };
  EXPECT_EQ(sign(0.75, 0.5), 1);
  EXPECT_EQ(sign(0.25, 0.5), -1);
  EXPECT_EQ(sign(0.5, 0.5), 0);
  EXPECT_EQ(sign(-0.5, 0), 1) << "level 0 is no flooding";
  EXPECT_EQ(sign(0, 0), 1);
  EXPECT_TRUE(std::isnan(sign(std::nan(""), 0.5)));
}

// The gradient of flood(loss) with respect to the loss.
double slope(const Tensor& loss, double level) {
  Tape tape;
  const Variable watched = tape.watched(loss);
  tape.backward(ops::flood(watched, level));
  return watched.gradient().item();
}

TEST(Flood, OfBf16LogitsIsDecidedInF32) {
  const Tensor logits = random_tensor({kImages, kClasses}, DType::bf16, 9, -2, 2);
  const Tensor loss = ops::softmax_cross_entropy(logits, labels()).value();
  const auto value = static_cast<float>(loss.item());
  for (const float level : {std::nextafter(value, 0.0f), value, std::nextafter(value, 99.0f)}) {
    ASSERT_EQ(BFloat16(level).bits, BFloat16(value).bits) << "bf16 can't tell them apart";
    EXPECT_EQ(slope(loss, level), level < value ? 1 : (level > value ? -1 : 0)) << "level " << level;
  }
}

TEST(Flood, OfADoubleLossIsDecidedInDouble) {
  const Tensor loss = Tensor::full({}, 0.5, DType::f64);
  EXPECT_EQ(slope(loss, 0.5 - 1e-12), 1);
  EXPECT_EQ(slope(loss, 0.5), 0);
  EXPECT_EQ(slope(loss, 0.5 + 1e-12), -1);
}

TEST(Flood, OfNaNSendsBackNaN) { EXPECT_TRUE(std::isnan(slope(Tensor::full({}, NAN, DType::f32), 0.5))); }

TEST(Flood, WhatIsLoggedIsTheUnfloodedLoss) {
  const SmallNet net;
  const double loss = plain_loss(net);
  TrainingMeter meter;
  Tape tape;
  const Variable logits = net(tape.input(images()));
  const Variable batch_loss = ops::softmax_cross_entropy(logits, labels());
  EXPECT_GT(ops::flood(batch_loss, 2 * loss).value().item(), loss);
  meter.add(batch_loss.value(), logits.value(), labels(), 2 * loss);
  EXPECT_EQ(meter.read().mean_loss, loss);
  EXPECT_EQ(meter.read().flooded_fraction, 1);
}

TEST(Flood, ALevelInMemoryIsTheLevelThatIsThereAsItRuns) {
  const Tensor loss = Tensor::full({}, 0.75, DType::f32);
  Tensor level = Tensor::full({}, 0.5, DType::f64);
  TrainingMeter meter;
  const Tensor logits = random_tensor({1, 2}, DType::f32, 1), label = Tensor::full({1}, 0, DType::i32);
  for (const double now : {0.5, 1.0, 0.75, 0.0}) {
    *level.mutable_data<double>() = now;
    EXPECT_EQ(ops::flood(loss, level).value().item(), ops::flood(loss, now).value().item()) << now;
    EXPECT_EQ(ops::flood_sign(loss, level).item(), ops::flood_sign(loss, now).item()) << now;
    meter.add(loss, logits, label, level);
  }
  EXPECT_EQ(meter.read().flooded_fraction, 0.25) << "below 1 only";
}

TEST(Flood, MisuseIsNamed) {
  const Tensor loss = Tensor::full({}, 0.5, DType::f32);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const double level : {-0.1, -infinity, infinity, std::nan("")}) {
    EXPECT_THROW(ops::flood(loss, level), std::invalid_argument) << level;
    EXPECT_THROW(ops::flood_sign(loss, level), std::invalid_argument) << level;
  }
  try {
    ops::flood(loss, -0.25);
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "[flood] expects a finite level of at least 0, got -0.25");
  }
  EXPECT_THROW(ops::flood(Tensor::zeros({2}, DType::f32), 0.5), std::invalid_argument) << "not a mean";
  EXPECT_THROW(ops::flood(loss.cast(DType::bf16), 0.5), std::invalid_argument) << "too coarse to decide";
  EXPECT_THROW(ops::flood(Tensor{}, 0.5), std::invalid_argument);
  EXPECT_THROW(ops::flood(loss, loss), std::invalid_argument) << "a level in f32";
}

}  // namespace
}  // namespace sluice::test
