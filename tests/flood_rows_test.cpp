// SPDX-License-Identifier: Apache-2.0
// The algebra of flooding's relatives, exact where it is exact: granularity (iFlood), soft ascent-descent (SoftAD), and
// levels by class and by sample.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include <sluice/core/ops.h>
#include <sluice/core/ops/meter.h>
#include "tests/support/complaint.h"
#include "tests/support/loss_batch.h"

namespace sluice::test {
namespace {

using ops::FloodGranularity;
using ops::FloodOptions;
using ops::FloodTransform;

constexpr FloodOptions kBatch{};
constexpr FloodOptions kSample{.granularity = FloodGranularity::sample};
constexpr FloodOptions groups_of(std::int64_t rows) { return {.granularity = FloodGranularity::group, .group = rows}; }
constexpr FloodOptions soft(FloodOptions options, double softness = 1) {
  options.transform = FloodTransform::soft;
  options.softness = softness;
  return options;
}
const FloodOptions kEveryKind[] = {kBatch, groups_of(5), kSample, soft(kBatch), soft(groups_of(5)), soft(kSample, 0.1)};

template <class Level>
Result of_flooded_rows(const Level& level, const FloodOptions& options) {
  Tape tape;
  const Variable x = tape.watched(logits());
  const ops::FloodedRows flooded = ops::flood_rows(ops::softmax_cross_entropy_rows(x, labels()), level, options);
  tape.backward(flooded.loss);
  return {.value = flooded.loss.value().item(),
          .mean = flooded.mean.item(),
          .flooded = flooded.flooded.item(),
          .gradient = x.gradient().to_vector<float>()};
}

Values row_losses() { return ops::softmax_cross_entropy_rows(logits(), labels()).value().to_vector<float>(); }

// Of bare losses, with the gradient by each.
template <class Level>
Result of_losses(const Values& losses, const Level& level, const FloodOptions& options) {
  Tape tape;
  const Variable x = tape.watched(Tensor::from<float>(losses, {static_cast<std::int64_t>(losses.size())}));
  const ops::FloodedRows flooded = ops::flood_rows(x, level, options);
  tape.backward(flooded.loss);
  return {.value = flooded.loss.value().item(),
          .mean = flooded.mean.item(),
          .flooded = flooded.flooded.item(),
          .gradient = x.gradient().to_vector<float>()};
}

Tensor levels_of(const Values& levels) {
  return Tensor::from<float>(levels, {static_cast<std::int64_t>(levels.size())});
}

TEST(FloodRows, OfTheWholeBatchIsFloodOfTheMeanBitForBit) {
  const double loss = of_plain_mean().value;
  const auto mean = static_cast<float>(loss);
  for (const double level :
       {loss / 2, loss * 2, loss, double{std::nextafter(mean, 0.0f)}, double{std::nextafter(mean, 99.0f)}}) {
    SCOPED_TRACE(level);
    const Result expected = of_flooded_mean(level);
    for (const FloodOptions& options : {kBatch, groups_of(kRows), groups_of(kRows + 1)}) {
      const Result actual = of_flooded_rows(level, options);
      EXPECT_EQ(actual.value, expected.value);
      EXPECT_EQ(actual.gradient, expected.gradient);
      EXPECT_EQ(actual.mean, loss);
      EXPECT_EQ(actual.flooded, loss < level ? 1 : 0);
    }
  }
}

TEST(FloodRows, LevelZeroIsTheMeanBitForBitWhateverTheOptions) {
  const Result plain = of_plain_mean();
  for (const FloodOptions& options : kEveryKind) {
    for (const Result& result :
         {of_flooded_rows(0.0, options), of_flooded_rows(Tensor::zeros({kRows}, DType::f32), options)}) {
      EXPECT_EQ(result.value, result.mean);
      EXPECT_NEAR(result.value, plain.value, 1e-7);
      EXPECT_EQ(result.gradient, plain.gradient);
      EXPECT_EQ(result.flooded, 0);
    }
    // A loss may be negative (a log-likelihood of a density, say): |l| would turn it round.
    const Result negative = of_losses({-1, 0, 2, -3}, 0.0, options);
    EXPECT_EQ(negative.value, -0.5);
    EXPECT_EQ(negative.gradient, Values(4, 0.25f));
    EXPECT_EQ(negative.flooded, 0);
  }
}

TEST(FloodRows, AboveTheLevelTheValueIsTheMeanBitForBit) {
  for (std::uint32_t draw = 0; draw < 200; ++draw) {
    const Values losses = random_tensor({131}, DType::f32, 900 + draw, 0.5, 3).to_vector<float>();
    for (const FloodOptions& options : {kBatch, groups_of(7), kSample}) {
      const Result result = of_losses(losses, 0.25, options);
      EXPECT_EQ(result.value, result.mean);
    }
  }
}

// iFlood: mean_i(|l_i - b| + b); each row's gradient is its own sign times the plain one.
TEST(FloodRows, OfEachSampleTurnsRowsRoundOneByOne) {
  const Values losses = row_losses();
  const Result plain = of_plain_mean();
  Values sorted = losses;
  std::ranges::sort(sorted);
  const float level = sorted[4];  // one row is at the level itself
  const Result flooded = of_flooded_rows(double{level}, kSample);
  double expected = 0;
  for (std::size_t i = 0; i < losses.size(); ++i) {
    expected += (std::abs(double{losses[i]} - level) + level) / kRows;
    const float sign = losses[i] > level ? 1.0f : (losses[i] < level ? -1.0f : 0.0f);
    for (std::size_t c = 0; c < kClasses; ++c)
      EXPECT_EQ(flooded.gradient[i * kClasses + c], sign * plain.gradient[i * kClasses + c]) << "row " << i;
  }
  EXPECT_NEAR(flooded.value, expected, 1e-6);
  EXPECT_NEAR(flooded.mean, plain.value, 1e-7);
  EXPECT_FLOAT_EQ(static_cast<float>(flooded.flooded), 4.0f / kRows);
}

// A group is a micro-batch that decides for itself; the last one is short and weighs as many rows as it has.
TEST(FloodRows, OfGroupsIsTheFloodOfEachMicroBatch) {
  const Values losses = row_losses();
  constexpr std::int64_t kGroup = 5;
  double lowest = 1e9, highest = 0;
  for (std::int64_t first = 0; first < kRows; first += kGroup) {
    const std::int64_t count = std::min(kGroup, kRows - first);
    const double mean =
        ops::softmax_cross_entropy(logits().rows(first, count), labels().rows(first, count)).value().item();
    lowest = std::min(lowest, mean), highest = std::max(highest, mean);
  }
  const double level = (lowest + highest) / 2;  // some are below it, some above
  const Result actual = of_flooded_rows(level, groups_of(kGroup));
  double value = 0, flooded = 0;
  for (std::int64_t first = 0; first < kRows; first += kGroup) {
    const std::int64_t count = std::min(kGroup, kRows - first);
    Tape tape;
    const Variable x = tape.watched(logits().rows(first, count));
    const Variable loss = ops::softmax_cross_entropy(x, labels().rows(first, count));
    const Variable share = ops::multiply(ops::flood(loss, level), static_cast<double>(count) / kRows);
    value += share.value().item();
    if (loss.value().item() < level) flooded += static_cast<double>(count) / kRows;
    tape.backward(share);
    const Values gradient = x.gradient().to_vector<float>();
    for (std::size_t i = 0; i < gradient.size(); ++i)
      EXPECT_NEAR(actual.gradient[static_cast<std::size_t>(first * kClasses) + i], gradient[i], 1e-8);
  }
  EXPECT_NEAR(actual.value, value, 1e-6);
  EXPECT_NEAR(actual.flooded, flooded, 1e-7);
  EXPECT_TRUE(flooded > 0 && flooded < 1);
}

// |.| is convex: the finer the grain, the larger the objective.
TEST(FloodRows, FinerGrainsBoundCoarserOnesFromAbove) {
  for (std::uint32_t draw = 0; draw < 200; ++draw) {
    const Values losses = random_tensor({12}, DType::f32, 100 + draw, 0, 2).to_vector<float>();
    const double level = random_tensor({1}, DType::f64, 400 + draw, 0.01, 2).item();
    for (const bool is_soft : {false, true}) {
      const auto kind = [&](const FloodOptions& options) { return is_soft ? soft(options, 0.2) : options; };
      const double batch = of_losses(losses, level, kind(kBatch)).value;
      const double group = of_losses(losses, level, kind(groups_of(4))).value;
      const double sample = of_losses(losses, level, kind(kSample)).value;
      EXPECT_LE(batch, group + 1e-6);
      EXPECT_LE(group, sample + 1e-6);
      const auto [least, most] = std::ranges::minmax(losses);
      if (is_soft || (least < level && level < most)) {
        EXPECT_LT(batch, sample);
      }
    }
  }
}

// Numbers by hand: theta = 1, sigma = 2, losses 1 + 2 u with u = 3/4, 0 and -4/3, whose sqrt(1 + u^2) are 5/4, 1, 5/3.
TEST(FloodRows, SoftIsTheFormulaOfSoftAD) {
  const Result result = of_losses({2.5f, 1, 1 - 8 / 3.0f}, 1.0, soft(kSample, 2));
  EXPECT_NEAR(result.value, 1 + 4 * (0.25 + 0 + 2 / 3.0) / 3, 1e-6);
  EXPECT_NEAR(result.gradient[0], 2 * 0.6 / 3, 1e-7);
  EXPECT_EQ(result.gradient[1], 0);
  EXPECT_NEAR(result.gradient[2], -2 * 0.8 / 3, 1e-7);
  EXPECT_NEAR(result.flooded, 1 / 3.0, 1e-7);
}

TEST(FloodRows, SoftTendsToSoftnessTimesHard) {
  const Values losses{0.1f, 0.4f, 0.6f, 2};
  constexpr double softness = 1e-4;
  const Result hard = of_losses(losses, 0.5, kSample);
  const Result faded = of_losses(losses, 0.5, soft(kSample, softness));
  EXPECT_NEAR((faded.value - 0.5) / softness, hard.value - 0.5, 1e-3);
  for (std::size_t i = 0; i < losses.size(); ++i)
    EXPECT_NEAR(faded.gradient[i] / softness, hard.gradient[i], 1e-6) << i;
}

TEST(FloodRows, SoftKeepsItsDigitsAtTheLevel) {
  // sqrt(1 + u^2) - 1 is 0 in f32 for |u| < 2e-4; rho is u^2 / 2 there.
  const Result result = of_losses({1e-5f}, 1e-30, soft(kSample));
  EXPECT_NEAR(result.value, 0.5e-10, 1e-16);
}

TEST(FloodRows, LevelsOfRowsAreTheirOwn) {
  const Values losses{0.25f, 0.25f, 1, 0.5f};
  const Result result = of_losses(losses, levels_of({0.125f, 0.5f, 0, 0.5f}), kSample);
  EXPECT_EQ(result.value, (0.25 + 0.75 + 1 + 0.5) / 4);
  EXPECT_EQ(result.gradient, (Values{0.25f, -0.25f, 0.25f, 0}));
  EXPECT_EQ(result.flooded, 0.25);
  EXPECT_EQ(result.mean, 0.5);
  // A group meets the mean of its levels: 0.25 of 0.3125, 0.75 of 0.25.
  const Result grouped = of_losses(losses, levels_of({0.125f, 0.5f, 0, 0.5f}), groups_of(2));
  EXPECT_EQ(grouped.value, (2 * 0.375 + 2 * 0.75) / 4);
  EXPECT_EQ(grouped.gradient, (Values{-0.25f, -0.25f, 0.25f, 0.25f}));
  EXPECT_EQ(grouped.flooded, 0.5);
}

TEST(FloodRows, EqualLevelsAreOneLevelBitForBit) {
  for (const FloodOptions& options : kEveryKind) {
    const Result one = of_flooded_rows(1.7, options);
    for (const Tensor& levels : {Tensor::full({kRows}, 1.7, DType::f32), Tensor::full({}, 1.7, DType::f32)}) {
      const Result each = of_flooded_rows(levels, options);
      EXPECT_EQ(each.value, one.value);
      EXPECT_EQ(each.gradient, one.gradient);
      EXPECT_EQ(each.flooded, one.flooded);
    }
  }
}

TEST(FloodRows, NaNStaysInItsGroupAndInTheValue) {
  for (const FloodTransform transform : {FloodTransform::hard, FloodTransform::soft}) {
    FloodOptions options = groups_of(2);
    options.transform = transform;
    for (const double level : {0.0, 0.5}) {
      const Result result = of_losses({1, NAN, 0.25f, 0.125f}, level, options);
      EXPECT_TRUE(std::isnan(result.value));
      EXPECT_TRUE(std::isnan(result.mean));
      EXPECT_EQ(std::isnan(result.gradient[0]), level > 0) << "the mean of its group; without flooding, itself alone";
      EXPECT_TRUE(std::isfinite(result.gradient[2]));
      EXPECT_EQ(result.flooded, level > 0 ? 0.5 : 0);
    }
  }
}

TEST(FloodRows, ClassLevelsAreGatheredByLabel) {
  const Tensor levels =
      ops::class_levels(levels_of({0.5f, 0, 0.25f}), Tensor::from<std::int32_t>({2, 0, -100, 1, 3, 0}, {6}));
  EXPECT_EQ(levels.to_vector<float>(), (Values{0.25f, 0.5f, 0, 0, 0, 0.5f}));
}

TEST(FloodRows, MeterCountsTheShareOfRows) {
  TrainingMeter meter;
  const ops::FloodedRows flooded = ops::flood_rows(Tensor::from<float>({0.25f, 1, 2, 3}, {4}), 0.5, kSample);
  meter.add_part(flooded.mean, random_tensor({4, 3}, DType::f32, 1), Tensor::from<std::int32_t>({0, 1, 2, 0}, {4}));
  meter.close_batch(flooded.flooded);
  meter.close_batch(ops::flood_rows(Tensor::from<float>({0.25f, 0.125f}, {2}), 0.5, kSample).flooded);
  EXPECT_EQ(meter.read().flooded_fraction, (0.25 + 1) / 2);
  EXPECT_EQ(meter.read().mean_loss, 1.5625);
  EXPECT_EQ(meter.read().batches, 2);
}

TEST(FloodRows, MisuseIsNamed) {
  const Tensor losses = Tensor::full({3}, 0.5, DType::f32);
  constexpr double infinity = std::numeric_limits<double>::infinity();
  for (const double level : {-0.25, infinity, std::nan("")}) {
    EXPECT_NE(complaint([&] { ops::flood_rows(losses, level); }), "");
    EXPECT_NE(complaint([&] { ops::flood_rows(losses, Tensor::full({3}, level, DType::f32)); }), "");
  }
  EXPECT_EQ(complaint([&] {
              ops::flood_rows(losses, levels_of({0.5f, -0.25f, 0}));
            }),
            "[flood_rows] expects finite levels of at least 0, got -0.25");
  EXPECT_EQ(complaint([&] {
              ops::flood_rows(losses, levels_of({0.5f, 0}));
            }),
            "[flood_rows] levels expect [] or [3], got [2]");
  EXPECT_EQ(complaint([&] { ops::flood_rows(losses, 0.5, groups_of(0)); }),
            "[flood_rows] expects groups of at least 1 row, got 0");
  EXPECT_EQ(complaint([&] { ops::flood_rows(losses, 0.5, soft(kBatch, 0)); }),
            "[flood_rows] expects a finite softness above 0, got 0");
  EXPECT_NE(complaint([&] { ops::flood_rows(losses.cast(DType::bf16), 0.5); }), "") << "too coarse to decide";
  EXPECT_NE(complaint([&] { ops::flood_rows(Tensor::zeros({0}, DType::f32), 0.5); }), "") << "no row";
  EXPECT_NE(complaint([&] { ops::flood_rows(Tensor::zeros({}, DType::f32), 0.5); }), "") << "a mean, not rows";
  EXPECT_NE(complaint([&] { ops::flood_rows(Tensor{}, 0.5); }), "");
  EXPECT_NE(complaint([&] { ops::class_levels(losses, losses); }), "");
}

}  // namespace
}  // namespace sluice::test
