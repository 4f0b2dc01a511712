// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/meter.h>

#include <gtest/gtest.h>

#include <cmath>

#include <sluice/base/threads.h>
#include "tests/support/op_case.h"

namespace sluice {
namespace {

Tensor scalar(double value) { return Tensor::full({}, value, DType::f32); }

Tensor labels_of(std::initializer_list<std::int32_t> labels) {
  return Tensor::from<std::int32_t>(labels, {static_cast<std::int64_t>(labels.size())});
}

// Rows whose largest logits are 2, 0 and (the first of equals) 1.
Tensor three_rows() { return Tensor::from<float>({0, 1, 2, 5, 1, 2, 0, 3, 3}, {3, 3}); }

TEST(TrainingMeter, CountsImagesHitsAndFloodedBatches) {
  TrainingMeter meter;
  meter.add(scalar(0.5), three_rows(), labels_of({2, 0, 1}), 0.25);
  meter.add(scalar(0.125), three_rows(), labels_of({2, 1, 2}), 0.25);
  meter.add(scalar(0.25), three_rows(), labels_of({0, 0, 0}), 0.25);
  const TrainingMeter::Reading reading = meter.read();
  EXPECT_EQ(reading.images, 9);
  EXPECT_EQ(reading.batches, 3);
  EXPECT_EQ(reading.mean_loss, (0.5 + 0.125 + 0.25) / 3);
  EXPECT_EQ(reading.accuracy, 5.0 / 9);
  EXPECT_EQ(reading.flooded_fraction, 1.0 / 3) << "a loss at the level is not below it";
  meter.reset();
  EXPECT_EQ(meter.read().images, 0);
  EXPECT_TRUE(std::isnan(meter.read().mean_loss));
}

TEST(TrainingMeter, WeighsLossesByImagesAndLeavesIgnoredRowsOut) {
  TrainingMeter meter;
  meter.add(scalar(1), three_rows(), labels_of({2, -100, 2}), 0);
  meter.add(scalar(4), three_rows().rows(0, 1), labels_of({2}), 0);
  EXPECT_EQ(meter.read().images, 3);
  EXPECT_EQ(meter.read().mean_loss, 2);
  EXPECT_EQ(meter.read().accuracy, 2.0 / 3);
  // Nothing left of a batch: its mean is NaN, and is no image's.
  meter.add(scalar(NAN), three_rows(), labels_of({-100, -100, -100}), 0);
  EXPECT_EQ(meter.read().mean_loss, 2);
  EXPECT_EQ(meter.read().batches, 3);
}

TEST(TrainingMeter, LevelZeroFloodsNothing) {
  TrainingMeter meter;
  meter.add(scalar(-1), three_rows(), labels_of({0, 0, 0}), 0);
  EXPECT_EQ(meter.read().flooded_fraction, 0);
}

TEST(TrainingMeter, ComparesInTheTypeOfTheLoss) {
  TrainingMeter meter;
  // In f32, 0.1 rounds up: as a double it would lie above the level.
  meter.add(scalar(0.1), three_rows(), labels_of({0, 0, 0}), 0.1);
  meter.add(scalar(std::nextafter(0.1f, 0.0f)), three_rows(), labels_of({0, 0, 0}), 0.1);
  EXPECT_EQ(meter.read().flooded_fraction, 0.5);
}

TEST(TrainingMeter, NaNLogitsAreNoHit) {
  TrainingMeter meter;
  meter.add(scalar(NAN), Tensor::from<float>({NAN, 1, 2, NAN}, {2, 2}), labels_of({0, 0}), 0);
  EXPECT_EQ(meter.read().accuracy, 0);
  EXPECT_TRUE(std::isnan(meter.read().mean_loss));
}

TEST(TrainingMeter, MicroBatchesCountAsOneBatch) {
  TrainingMeter whole, parts;
  whole.add(scalar(1.5), three_rows(), labels_of({2, 1, 1}), 2);
  parts.add_part(scalar(0.5), three_rows().rows(0, 1), labels_of({2}));
  parts.add_part(scalar(2), three_rows().rows(1, 2), labels_of({1, 1}));
  parts.close_batch(scalar(1.5), 2);
  EXPECT_EQ(parts.state().to_vector<double>(), whole.state().to_vector<double>());
}

TEST(TrainingMeter, GoesOnFromItsState) {
  TrainingMeter first, resumed;
  EXPECT_FALSE(first.state().defined());
  first.add(scalar(0.5), three_rows(), labels_of({2, 0, 1}), 1);
  resumed.load_state(first.state());
  for (TrainingMeter* meter : {&first, &resumed}) meter->add(scalar(0.75), three_rows(), labels_of({1, 1, 1}), 0.5);
  EXPECT_EQ(resumed.state().to_vector<double>(), first.state().to_vector<double>());
  EXPECT_THROW(resumed.load_state(Tensor::zeros({3}, DType::f64)), std::invalid_argument);
  EXPECT_THROW(resumed.load_state(Tensor::zeros({5}, DType::f32)), std::invalid_argument);
}

TEST(TrainingMeter, CountsAlikeOnAnyNumberOfThreads) {
  const Tensor logits = test::random_tensor({5000, 40}, DType::bf16, 1);
  const Tensor labels = Tensor::full({5000}, 3, DType::i32);
  std::vector<std::vector<double>> states;
  const int threads = thread_count();
  for (const int count : {1, 2, 5}) {
    set_thread_count(count);
    TrainingMeter meter;
    meter.add(scalar(0.3), logits, labels, 0.5);
    states.push_back(meter.state().to_vector<double>());
  }
  set_thread_count(threads);
  EXPECT_EQ(states[1], states[0]);
  EXPECT_EQ(states[2], states[0]);
}

TEST(TrainingMeter, MisuseIsNamed) {
  TrainingMeter meter;
  const Tensor labels = labels_of({0, 0, 0});
  EXPECT_THROW(meter.add(three_rows(), three_rows(), labels, 0), std::invalid_argument);
  EXPECT_THROW(meter.add(scalar(1), labels, labels, 0), std::invalid_argument);
  EXPECT_THROW(meter.add(scalar(1), three_rows(), labels_of({0}), 0), std::invalid_argument);
  EXPECT_THROW(meter.add(scalar(1), three_rows(), labels, -1), std::invalid_argument);
  EXPECT_THROW(meter.add(scalar(1).cast(DType::f64), three_rows(), labels, 0), std::invalid_argument);
}

}  // namespace
}  // namespace sluice
