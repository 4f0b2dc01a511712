// SPDX-License-Identifier: Apache-2.0
// Prints what this build of the emulator says of each planted mistake, over four schedules and both modes of
// asynchronous copies: name, "reported", "wrong result" or "-" with how many of the eight runs showed it, and the first
// report; separated by tabs. scripts/emulator_bugs.sh makes one table of two builds.
#include <cstdio>

#include <sluice/emulator/settings.h>
#include "tests/emulator/planted.h"

int main() {
  using namespace sluice::test;
  using sluice::emulator::AsyncCopies;
  using sluice::emulator::Order;
  for (const Planted& planted : all_planted()) {
    int reported = 0, wrong = 0;
    std::string report;
    for (const Order order : {Order::forward, Order::reverse, Order::random, Order::greedy})
      for (const AsyncCopies copies : {AsyncCopies::lazy, AsyncCopies::eager}) {
        sluice::emulator::settings().order = order;
        sluice::emulator::settings().async_copies = copies;
        const Outcome outcome = outcome_of(planted);
        if (!outcome.report.empty() && reported++ == 0) report = outcome.report;
        wrong += outcome.report.empty() && !outcome.right;
      }
    const std::string verdict = reported > 0 ? "reported " + std::to_string(reported) + "/8"
                                : wrong > 0  ? "wrong result " + std::to_string(wrong) + "/8"
                                             : "-";
    std::printf("%s\t%s\t%s\n", planted.name.c_str(), verdict.c_str(), report.c_str());
    std::fflush(stdout);
  }
}
