// SPDX-License-Identifier: Apache-2.0
#include <sluice/optim/schedule.h>

#include <gtest/gtest.h>

#include <cmath>

#include "tests/support/reference.h"

namespace sluice::test {
namespace {

using optim::make_schedule;
using optim::ScheduleOptions;

void expect_pytorchs_rates(const ScheduleOptions& options) {
  const Archive archive = load_reference("optimizers.safetensors");
  const auto expected = reference(archive, "schedule." + options.name).to_vector<double>();
  const auto schedule = make_schedule(options);
  for (std::size_t step = 0; step < expected.size(); ++step)
    EXPECT_NEAR(schedule->at(static_cast<std::int64_t>(step)), expected[step], 1e-12) << options.name << " " << step;
}

TEST(Schedule, HasPyTorchsRates) {
  expect_pytorchs_rates({.name = "cosine", .learning_rate = 0.4, .total_steps = 40, .final_learning_rate = 0.01});
  expect_pytorchs_rates({.name = "multi-step", .learning_rate = 0.4, .milestones = {10, 25}, .gamma = 0.2});
  expect_pytorchs_rates({.name = "linear", .learning_rate = 0.4, .total_steps = 40, .final_learning_rate = 0.1});
  expect_pytorchs_rates({.name = "one-cycle", .learning_rate = 0.4, .total_steps = 40});
}

TEST(Schedule, ConstantStays) {
  const auto schedule = make_schedule({.name = "constant", .learning_rate = 0.3});
  for (const std::int64_t step : {0, 1, 1000000}) EXPECT_EQ(schedule->at(step), 0.3);
}

TEST(Schedule, WarmUpRisesToTheFirstRateThenTheScheduleRuns) {
  const auto cosine = make_schedule({.name = "cosine", .learning_rate = 0.8, .total_steps = 24, .warmup_steps = 4});
  EXPECT_DOUBLE_EQ(cosine->at(0), 0.2);
  EXPECT_DOUBLE_EQ(cosine->at(1), 0.4);
  EXPECT_DOUBLE_EQ(cosine->at(3), 0.8);
  EXPECT_DOUBLE_EQ(cosine->at(4), 0.8);
  EXPECT_DOUBLE_EQ(cosine->at(14), 0.4);
  EXPECT_NEAR(cosine->at(24), 0, 1e-15);
  const auto linear = make_schedule({.name = "linear", .learning_rate = 1, .total_steps = 12, .warmup_steps = 2});
  EXPECT_DOUBLE_EQ(linear->at(0), 0.5);
  EXPECT_DOUBLE_EQ(linear->at(7), 0.5);
  const auto one = make_schedule({.name = "one-cycle", .learning_rate = 1, .total_steps = 44, .warmup_steps = 4});
  EXPECT_NEAR(one->at(0), 0.01, 1e-12);
  EXPECT_NEAR(one->at(4), 0.04, 1e-12);
  EXPECT_DOUBLE_EQ(one->at(15), 1);
}

TEST(Schedule, MilestonesCountTheWarmUp) {
  const auto schedule = make_schedule(
      {.name = "multi-step", .learning_rate = 1, .warmup_steps = 5, .milestones = {10, 20}, .gamma = 0.1});
  EXPECT_DOUBLE_EQ(schedule->at(4), 1);
  EXPECT_DOUBLE_EQ(schedule->at(9), 1);
  EXPECT_DOUBLE_EQ(schedule->at(10), 0.1);
  EXPECT_DOUBLE_EQ(schedule->at(20), 0.01);
}

TEST(Schedule, StaysWhereItEnds) {
  for (const char* name : {"cosine", "linear", "one-cycle"}) {
    const auto schedule =
        make_schedule({.name = name, .learning_rate = 1, .total_steps = 10, .final_learning_rate = 0.125});
    EXPECT_EQ(schedule->at(10), schedule->at(1000)) << name;
  }
}

TEST(Schedule, IsFiniteForTheShortestRuns) {
  for (const std::string& name : optim::schedule_names())
    for (const double peak : {0.25, 0.5})
      for (std::int64_t steps = 1; steps <= 8; ++steps) {
        const auto schedule = make_schedule({.name = name, .learning_rate = 1, .total_steps = steps, .peak = peak});
        for (std::int64_t step = 0; step <= steps; ++step) {
          EXPECT_TRUE(std::isfinite(schedule->at(step))) << name << " " << step << " of " << steps;
          EXPECT_GE(schedule->at(step), 0) << name << " " << step << " of " << steps;
          EXPECT_LE(schedule->at(step), 1) << name << " " << step << " of " << steps;
        }
      }
}

TEST(Schedule, RefusesWhatDoesNotFit) {
  const auto refuses = [](const ScheduleOptions& options) {
    EXPECT_THROW(make_schedule(options), std::invalid_argument) << options.name;
  };
  refuses({.name = "cosine", .learning_rate = 0.1, .total_steps = 0});
  refuses({.name = "cosine", .learning_rate = 0.1, .total_steps = 10, .warmup_steps = 10});
  refuses({.name = "constant", .learning_rate = -0.1});
  refuses({.name = "constant", .learning_rate = std::nan("")});
  refuses({.name = "constant", .learning_rate = 0.1, .warmup_steps = -1});
  refuses({.name = "multi-step", .learning_rate = 0.1, .milestones = {20, 10}});
  refuses({.name = "multi-step", .learning_rate = 0.1, .milestones = {10}, .gamma = 0});
  refuses({.name = "one-cycle", .learning_rate = 0.1, .total_steps = 10, .peak = 1});
  EXPECT_THROW(make_schedule({})->at(-1), std::invalid_argument);
}

TEST(Schedule, NamesTheNearestOne) {
  try {
    make_schedule({.name = "cosin"});
    FAIL() << "an unknown name was accepted";
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("'cosine'"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace sluice::test
