// SPDX-License-Identifier: Apache-2.0
#include <sluice/flooding/flood_schedule.h>

#include <gtest/gtest.h>

#include <cmath>
#include <string>

namespace sluice {
namespace {

std::vector<double> levels(const char* text, std::initializer_list<std::int64_t> epochs) {
  const FloodSchedule schedule = FloodSchedule::parse(text);
  std::vector<double> result;
  for (const std::int64_t epoch : epochs) result.push_back(schedule.level_at(epoch));
  return result;
}

TEST(FloodSchedule, OneLevelHoldsForAllEpochs) {
  EXPECT_EQ(levels("0.05", {0, 1, 1000}), (std::vector{0.05, 0.05, 0.05}));
  EXPECT_EQ(levels("0", {0, 7}), (std::vector{0.0, 0.0}));
  EXPECT_EQ(levels("2e-2", {3}), (std::vector{0.02}));
  EXPECT_EQ(FloodSchedule(0.3).level_at(9), 0.3);
  EXPECT_EQ(FloodSchedule().level_at(9), 0);
}

TEST(FloodSchedule, ACommaHoldsALevelUntilTheNextEpochNamed) {
  EXPECT_EQ(levels("0:0.1,20:0.05", {0, 19, 20, 500}), (std::vector{0.1, 0.1, 0.05, 0.05}));
  EXPECT_EQ(levels("5:0.1", {0, 4, 5}), (std::vector{0.0, 0.0, 0.1})) << "no flooding before the first epoch named";
}

TEST(FloodSchedule, TwoDotsDrawALine) {
  EXPECT_EQ(levels("0:1..4:0.5", {0, 1, 2, 3, 4, 5}), (std::vector<double>{1, 0.875, 0.75, 0.625, 0.5, 0.5}));
  EXPECT_EQ(levels("5:1,20:1..30:0,80:1", {4, 5, 20, 25, 30, 79, 80}), (std::vector<double>{0, 1, 1, 0.5, 0, 0, 1}));
  EXPECT_EQ(levels("0:0..2:1..4:0", {0, 1, 2, 3, 4}), (std::vector<double>{0, 0.5, 1, 0.5, 0}));
}

TEST(FloodSchedule, WhatCannotBeReadIsNamed) {
  for (const char* text :
       {"",       "deep",      "0.1x",    " 0.1",          "0.1 ",        "-0.1",
        "nan",    "inf",       "1e999",   "0:0.1,",        ",0:0.1",      "0:",
        ":0.1",   "0:0.1,0.2", "0:0.1..", "0:0.1...5:0.2", "0:0.1;5:0.2", "0.5:0.1",
        "-1:0.1", "0:-0.1",    "0:nan",   "5:0.1,5:0.2",   "5:0.1,3:0.2", "99999999999999999999:0.1"})
    EXPECT_THROW(FloodSchedule::parse(text), std::invalid_argument) << "\"" << text << "\"";
  try {
    FloodSchedule::parse("0:0.1,x:0.2");
    ADD_FAILURE() << "was read";
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "[flood level] expects an epoch, got \"x\" in \"0:0.1,x:0.2\"");
  }
  EXPECT_THROW(FloodSchedule(-1), std::invalid_argument);
  EXPECT_THROW(FloodSchedule(std::nan("")), std::invalid_argument);
  EXPECT_THROW(FloodSchedule(0.1).level_at(-1), std::invalid_argument);
}

}  // namespace
}  // namespace sluice
