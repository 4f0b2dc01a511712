// SPDX-License-Identifier: Apache-2.0
// Each planted mistake is reported by the build that must see it, with kernel and place; of clean kernels nothing is
// said, under four schedules and both modes of asynchronous copies.
#include <gtest/gtest.h>

#include <sluice/emulator/settings.h>
#include "tests/emulator/planted.h"

namespace sluice::test {
namespace {

std::string identifier(const std::string& name) {
  std::string identifier;
  for (const char c : name) identifier += std::isalnum(static_cast<unsigned char>(c)) ? c : '_';
  return identifier;
}

class PlantedBugs : public testing::TestWithParam<Planted> {};

TEST_P(PlantedBugs, AreReported) {
  const Planted& planted = GetParam();
  const Outcome outcome = outcome_of(planted);
  if (planted.seen == Seen::never) {
    EXPECT_EQ(outcome.report, "");
    EXPECT_TRUE(outcome.right);
  } else if (planted.seen == Seen::never_but_wrong) {
    EXPECT_FALSE(outcome.right);
  } else if (planted.seen == Seen::always || checked_build()) {
    EXPECT_NE(outcome.report.find(planted.report), std::string::npos)
        << "expected '" << planted.report << "' in '" << outcome.report << "'";
  }
}

INSTANTIATE_TEST_SUITE_P(All, PlantedBugs, testing::ValuesIn(all_planted()),
                         [](const auto& planted) { return identifier(planted.param.name); });

TEST(CleanKernels, GiveNoReportUnderAnySchedule) {
  using emulator::AsyncCopies;
  using emulator::Order;
  const emulator::Settings before = emulator::settings();
  for (const Order order : {Order::forward, Order::reverse, Order::random, Order::greedy})
    for (const AsyncCopies copies : {AsyncCopies::lazy, AsyncCopies::eager})
      for (const Planted& planted : all_planted()) {
        if (planted.seen != Seen::never) continue;
        emulator::settings().order = order;
        emulator::settings().async_copies = copies;
        const Outcome outcome = outcome_of(planted);
        EXPECT_EQ(outcome.report, "") << planted.name << ", order " << static_cast<int>(order);
        EXPECT_TRUE(outcome.right) << planted.name << ", order " << static_cast<int>(order);
      }
  emulator::settings() = before;
}

}  // namespace
}  // namespace sluice::test
