// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/dropout.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include <sluice/base/philox.h>
#include <sluice/base/threads.h>
#include <sluice/core/ops/dropout_parts.h>
#include "tests/support/op_case.h"

namespace sluice {
namespace {

constexpr std::int64_t kSize = 40001;

std::vector<float> dropped(double probability, std::uint64_t seed, std::int64_t step) {
  const Tensor ones = Tensor::full({kSize}, 1, DType::f32);
  return ops::dropout(ones, probability, seed, step, Mode::train).value().to_vector<float>();
}

TEST(Dropout, DropsItsShareAndScalesTheRest) {
  for (const double probability : {0.1, 0.5, 0.9}) {
    const std::vector<float> values = dropped(probability, 1, 2);
    const auto zeros = static_cast<double>(std::ranges::count(values, 0.0f));
    // Five standard deviations of a binomial.
    EXPECT_NEAR(zeros / kSize, probability, 5 * std::sqrt(probability * (1 - probability) / kSize));
    const auto kept = static_cast<float>(1 / (1 - probability));
    EXPECT_TRUE(std::ranges::all_of(values, [=](float value) { return value == 0 || value == kept; }));
  }
}

TEST(Dropout, MaskIsPhiloxOfSeedStepAndElement) {
  const std::vector<float> values = dropped(0.3, 77, 5);
  PhiloxStream random(77, RandomPurpose::dropout, 5);
  for (std::size_t i = 0; i < values.size(); ++i)
    ASSERT_EQ(values[i] == 0, random.next_uniform() < 0.3f) << "element " << i;
}

TEST(Dropout, AnotherStepOrSeedIsAnotherMask) {
  EXPECT_EQ(dropped(0.5, 1, 2), dropped(0.5, 1, 2));
  EXPECT_NE(dropped(0.5, 1, 2), dropped(0.5, 1, 3));
  EXPECT_NE(dropped(0.5, 1, 2), dropped(0.5, 2, 2));
}

TEST(Dropout, AStepInMemoryGivesItsMask) {
  const Tensor ones = Tensor::full({kSize}, 1, DType::f32);
  const auto with_step = [&](double step) {
    return ops::dropout(ones, 0.5, 1, Tensor::full({}, step, DType::f64), Mode::train).value().to_vector<float>();
  };
  EXPECT_EQ(with_step(2), dropped(0.5, 1, 2));
  EXPECT_EQ(with_step(4294967295.0), dropped(0.5, 1, 4294967295));
  EXPECT_THROW(ops::dropout(ones, 0.5, 1, ones, Mode::train), std::invalid_argument);
}

TEST(Dropout, MaskIsTheSameOnAnyNumberOfThreads) {
  const int threads = thread_count();
  set_thread_count(1);
  const std::vector<float> one = dropped(0.5, 1, 2);
  set_thread_count(3);
  const std::vector<float> three = dropped(0.5, 1, 2);
  set_thread_count(threads);
  EXPECT_EQ(one, three);
}

TEST(Dropout, TheWayBackGoesThroughTheSameMask) {
  Tape tape;
  const Variable x = tape.watched(Tensor::full({kSize}, 1, DType::f32));
  const Variable y = ops::dropout(x, 0.5, 1, 2, Mode::train);
  tape.backward(y, Tensor::full({kSize}, 1, DType::f32));
  EXPECT_EQ(x.gradient().to_vector<float>(), y.value().to_vector<float>());
}

TEST(Dropout, IsNothingInEvaluationAndAtZero) {
  const Tensor x = test::random_tensor({7, 3}, DType::f32, 1);
  EXPECT_EQ(ops::dropout(x, 0.5, 1, 2, Mode::eval).value().raw(), x.raw());
  EXPECT_EQ(ops::dropout(x, 0, 1, 2, Mode::train).value().raw(), x.raw());
}

TEST(Dropout, MisuseIsNamed) {
  const Tensor x = test::random_tensor({7, 3}, DType::f32, 1);
  for (const double probability : {-0.1, 1.0, 1.5, std::nan("")})
    for (const Mode mode : {Mode::train, Mode::eval})
      EXPECT_THROW(ops::dropout(x, probability, 1, 2, mode), std::invalid_argument) << probability;
  EXPECT_THROW(ops::dropout(x, 0.5, 1, -1, Mode::train), std::invalid_argument);
  EXPECT_THROW(ops::dropout(x, 0.5, 1, std::int64_t{1} << 32, Mode::train), std::invalid_argument);
}

// A part falls where the element of its number falls, and the rest is scaled by a factor that bf16 does not round.
TEST(Dropout, OfChannelsAndPathsTakesWholeParts) {
  constexpr std::int64_t samples = 5, places = 6, channels = 7;
  const std::vector<float> of_channels = dropped(0.3, 77, 5);
  for (const DType dtype : {DType::f32, DType::bf16}) {
    const Tensor x = Tensor::full({samples, 2, 3, channels}, 3, dtype);
    const std::vector<float> by_channel =
        ops::dropout_channels(x, 0.3, 77, 5, Mode::train).value().cast(DType::f32).to_vector<float>();
    const std::vector<float> by_path =
        ops::dropout_paths(x, 0.3, 77, 5, Mode::train).value().cast(DType::f32).to_vector<float>();
    const auto kept = Tensor::full({}, 3 / (1 - 0.3), dtype).item();
    for (std::int64_t i = 0; i < x.size(); ++i) {
      const std::int64_t sample = i / (places * channels), part = sample * channels + i % channels;
      const auto at = static_cast<std::size_t>(i);
      EXPECT_NEAR(by_channel[at], of_channels[static_cast<std::size_t>(part)] == 0 ? 0 : kept, 1e-6);
      EXPECT_NEAR(by_path[at], of_channels[static_cast<std::size_t>(sample)] == 0 ? 0 : kept, 1e-6);
    }
  }
  const Tensor x = Tensor::full({2, 3}, 3, DType::f32);
  EXPECT_EQ(ops::dropout_paths(x, 0.3, 77, 5, Mode::eval).value().to_vector<float>(), x.to_vector<float>());
  EXPECT_THROW(ops::dropout_channels(Tensor::zeros({3}, DType::f32), 0.3, 1, 1, Mode::train), std::invalid_argument);
}

}  // namespace
}  // namespace sluice
