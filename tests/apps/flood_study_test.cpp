// SPDX-License-Identifier: Apache-2.0
// How a study chooses and judges, on results that are made up.
#include <gtest/gtest.h>

#include <cmath>
#include <fstream>

#include "apps/common/exit_codes.h"
#include "apps/flood_study/acceptance.h"
#include "apps/flood_study/options.h"
#include "apps/flood_study/run_file.h"
#include "apps/flood_study/selection.h"
#include "apps/flood_study/training.h"
#include "tests/data/scratch_folder.h"

namespace sluice::study {
namespace {

const Cell kSpiral{"spiral", 0.1};

EpochRecord record(std::int64_t epoch, double train_loss, double validation_accuracy, double test_loss,
                   double test_accuracy) {
  return {.epoch = epoch,
          .train = {train_loss, 1},
          .validation = {0.5, validation_accuracy},
          .test = TestScore{{test_loss, test_accuracy}, test_accuracy}};
}

// A run that ends with these accuracies; its best epoch has validation accuracy 1 and a test accuracy 0.01 higher.
void add(Results& results, double level, std::int64_t seed, double validation, double test) {
  const RunKey key{kSpiral, level, seed};
  results[key] = {.key = key,
                  .last = record(10, level, validation, 0.4, test),
                  .best = record(5, level, 1, 0.3, test + 0.01),
                  .settled_train_loss = level,
                  .settled_flooded = 0.5};
}

TEST(Selection, GoesByValidationAloneAndTakesTheLowestOfEquals) {
  const Grid grid{{kSpiral}, {0, 0.1, 0.2}, 2};
  Results results;
  add(results, 0, 0, 0.7, 0.99);
  add(results, 0.1, 0, 0.8, 0.50);
  add(results, 0.2, 0, 0.8, 0.90);
  add(results, 0, 1, 0.9, 0.60);
  add(results, 0.1, 1, 0.8, 0.95);
  const auto incomplete = choose_levels(results, grid, kSpiral, Stopping::without);
  ASSERT_EQ(incomplete.size(), 1u);
  EXPECT_EQ(incomplete[0].level, 0.1);
  EXPECT_EQ(incomplete[0].flooded.given.accuracy, 0.50);
  EXPECT_EQ(incomplete[0].baseline.given.accuracy, 0.99);

  add(results, 0.2, 1, 0.7, 0.95);
  const auto pairs = choose_levels(results, grid, kSpiral, Stopping::without);
  ASSERT_EQ(pairs.size(), 2u);
  EXPECT_EQ(pairs[1].level, 0);
  const auto stopped = choose_levels(results, grid, kSpiral, Stopping::early);
  EXPECT_EQ(stopped[0].level, 0);
  EXPECT_EQ(stopped[0].flooded.given.accuracy, 0.99 + 0.01);
}

TEST(Summary, IsMeanSampleDeviationAndStandardError) {
  const double values[] = {2, 4, 4, 4, 5, 5, 7, 9};
  const Summary summary = summarise(values);
  EXPECT_DOUBLE_EQ(summary.mean, 5);
  EXPECT_DOUBLE_EQ(summary.deviation, std::sqrt(32.0 / 7));
  EXPECT_DOUBLE_EQ(summary.standard_error(), std::sqrt(32.0 / 7 / 8));
  EXPECT_TRUE(std::isnan(summarise(std::span(values, 1)).deviation));
}

TEST(Levels, RangesAndLists) {
  EXPECT_EQ(parse_levels("0:0.3:0.1"), (std::vector<double>{0, 0.1, 0.2, 0.3}));
  EXPECT_EQ(parse_levels("0:0.5:0.01").size(), 51u);
  EXPECT_EQ(parse_levels("0.2,0,0.2"), (std::vector<double>{0, 0.2}));
  for (const char* bad : {"", "0.5:0:0.1", "0,-1", "0,inf", "0:1", "0:1:nan", "0.1"})
    EXPECT_THROW(parse_levels(bad), apps::UsageError) << bad;
}

TEST(Curve, HasAFewEpochsOfEachDecadeAndTheLast) {
  std::vector<std::int64_t> epochs;
  for (std::int64_t epoch = 1; epoch <= 120; ++epoch)
    if (is_curve_epoch(epoch, 120)) epochs.push_back(epoch);
  EXPECT_EQ(epochs, (std::vector<std::int64_t>{1, 2, 3, 5, 7, 10, 15, 20, 30, 50, 70, 100, 120}));
}

TEST(RunFile, EveryFlippedByteIsNoticed) {
  const data::ScratchFolder folder;
  const auto file = folder.path() / "run.json";
  Results results;
  add(results, 0.1, 3, 0.7123456789012345, 1.0 / 3);
  const RunResult& written = results.begin()->second;
  write_run(file, written);
  const RunResult read = read_run(file, written.key);
  EXPECT_EQ(read.last.validation.accuracy, 0.7123456789012345);
  EXPECT_EQ(read.best.test->clean_accuracy, 1.0 / 3 + 0.01);
  EXPECT_THROW(read_run(file, {kSpiral, 0.1, 4}), IoError);

  std::ifstream in(file);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  for (std::size_t at = 0; at + 1 < whole.size(); ++at) {
    std::vector<std::uint8_t> bytes(whole.begin(), whole.end());
    bytes[at] ^= 1;
    folder.write("flipped.json", bytes);
    EXPECT_THROW(read_run(folder.path() / "flipped.json", written.key), IoError) << at;
  }
}

// Spiral runs at levels 0 and 0.2 whose test loss goes through these values at epochs 1, 10, 30 and 50.
AcceptanceRow judge_descent(const std::vector<double>& plain, const std::vector<double>& flooded) {
  StudyOptions options{.study = "synthetic"};
  options.grid = {{kSpiral}, {0, 0.2}, 1};
  Results results;
  add(results, 0, 0, 0.8, 0.8);
  add(results, 0.2, 0, 0.9, 0.9);
  const std::int64_t epochs[] = {1, 10, 30, 50};
  for (auto& [key, run] : results) {
    for (std::size_t i = 0; i < 4; ++i)
      run.curve.push_back(record(epochs[i], 0, 0.5, (key.level == 0 ? plain : flooded)[i], 0.5));
    run.last = run.curve.back();
  }
  return acceptance(options, results)[7];
}

TEST(Acceptance, DoubleDescentIsABumpThatFallsBelowItsBeginning) {
  EXPECT_EQ(judge_descent({0.7, 0.6, 1, 1.3}, {0.7, 0.8, 0.9, 0.4}).verdict, Verdict::pass);
  EXPECT_EQ(judge_descent({0.7, 0.6, 1, 1.3}, {0.7, 0.6, 0.5, 0.4}).verdict, Verdict::fail);
  EXPECT_EQ(judge_descent({0.7, 0.6, 0.9, 1.1}, {0.7, 0.8, 0.9, 0.4}).verdict, Verdict::fail);
  EXPECT_EQ(judge_descent({0.7, 0.6, 1, 1.3}, {0.7, 0.8, 0.9, 0.7}).verdict, Verdict::fail);
}

TEST(Acceptance, ARunOffItsLevelFailsAndAbsentCellsAreNotRun) {
  StudyOptions options{.study = "synthetic"};
  options.grid = {{kSpiral}, {0, 0.2}, 1};
  Results results;
  add(results, 0, 0, 0.8, 0.8);
  add(results, 0.2, 0, 0.9, 0.9);
  EXPECT_EQ(acceptance(options, results)[0].verdict, Verdict::pass);
  EXPECT_EQ(acceptance(options, results)[8].verdict, Verdict::not_run);
  results[{kSpiral, 0.2, 0}].settled_train_loss = 0.23;
  EXPECT_EQ(acceptance(options, results)[0].verdict, Verdict::fail);
}

}  // namespace
}  // namespace sluice::study
