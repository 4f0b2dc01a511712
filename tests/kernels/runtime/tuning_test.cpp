// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/runtime/tuning.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <memory>
#include <thread>

#include <sluice/base/error.h>

namespace sluice::test {
namespace {

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const IoError& error) {
    return error.what();
  }
  return "nothing was thrown";
}

class Tuning : public testing::Test {
 protected:
  void SetUp() override { kernels::clear_tuning(); }
  void TearDown() override { kernels::clear_tuning(); }

  static constexpr std::string_view names[] = {"slow", "fast"};
  int measured = 0;

  std::size_t choose(const std::string& key, std::span<const std::string_view> from = names) {
    return *kernels::choose_algorithm(key, from, [&]() -> std::vector<kernels::Candidate> {
      ++measured;
      return {{.run = [] { std::this_thread::sleep_for(std::chrono::milliseconds(20)); }, .prepare = {}, .fault = {}},
              {.run = [] {}, .prepare = {}, .fault = {}}};
    });
  }
};

TEST_F(Tuning, TheFasterOneIsMeasuredOnceAndRecorded) {
  EXPECT_EQ(choose("a"), 1u);
  EXPECT_EQ(choose("a"), 1u);
  EXPECT_EQ(measured, 1);
  EXPECT_THAT(kernels::tuning_table(), testing::ElementsAre(kernels::TuningEntry("a", "fast")));
}

TEST_F(Tuning, AChoiceOfOneIsProvenOnceAndNotRecorded) {
  EXPECT_EQ(choose("a", std::span(names).first(1)), 0u);
  EXPECT_EQ(choose("a", std::span(names).first(1)), 0u);
  EXPECT_EQ(measured, 1);
  EXPECT_TRUE(kernels::tuning_table().empty());
}

TEST_F(Tuning, ImportedChoicesAreUsed) {
  const kernels::TuningEntry entries[] = {{"a", "slow"}};
  kernels::import_tuning(entries, "a file");
  EXPECT_EQ(choose("a"), 0u);
}

TEST_F(Tuning, UnknownImportedNamesThrow) {
  const kernels::TuningEntry entries[] = {{"a", "quantum"}};
  kernels::import_tuning(entries, "a file");
  EXPECT_THAT(message_of([&] { choose("a"); }),
              testing::HasSubstr("a file: \"a\" expects one of slow, fast, got \"quantum\""));
  const kernels::TuningEntry nameless[] = {{"b", ""}};
  EXPECT_THROW(kernels::import_tuning(nameless, "a file"), std::invalid_argument);
}

// Three algorithms, of which the fastest is wrong in its first or its second run.
class Proof : public testing::Test {
 protected:
  void SetUp() override {
    kernels::clear_tuning();
    kernels::on_refusal([this](const kernels::Refusal& refusal) {
      reported.push_back(refusal.key + ": " + refusal.algorithm + ": " + refusal.reason);
    });
  }
  void TearDown() override {
    kernels::clear_tuning();
    kernels::on_refusal({});
  }

  std::optional<std::size_t> choose(std::vector<int> wrong_in_run, std::span<const std::string_view> from = names) {
    return kernels::choose_algorithm("conv", from, [&] {
      std::vector<kernels::Candidate> candidates;
      for (std::size_t i = 0; i < from.size(); ++i) {
        const auto runs = std::make_shared<int>(0);
        candidates.push_back(
            {.run = [i] { std::this_thread::sleep_for(std::chrono::milliseconds(i == 0 ? 0 : 2)); },
             .prepare = [runs](int round) { EXPECT_EQ(std::min(round, kernels::kRoundsOfProof), *runs); },
             .fault = [runs, wrong = wrong_in_run[i]] { return ++*runs == wrong ? "7 is not 5" : ""; }});
      }
      return candidates;
    });
  }

  static constexpr std::string_view names[] = {"fast", "slow"};
  static constexpr int kNever = 0;
  std::vector<std::string> reported;
};

TEST_F(Proof, AWrongAlgorithmIsRefusedAndReportedOnce) {
  for (const int run : {1, 2}) {
    kernels::clear_tuning();
    reported.clear();
    EXPECT_EQ(choose({run, kNever}), 1u);
    EXPECT_EQ(choose({run, kNever}), 1u);
    EXPECT_THAT(reported, testing::ElementsAre("conv: fast: 7 is not 5")) << "wrong in run " << run;
    EXPECT_THAT(kernels::tuning_table(), testing::ElementsAre(kernels::TuningEntry("conv", "slow")));
  }
}

TEST_F(Proof, AWrongAlgorithmIsRefusedAlsoWhereTheTableNamesIt) {
  const kernels::TuningEntry entries[] = {{"conv", "fast"}};
  kernels::import_tuning(entries, "a file");
  EXPECT_EQ(choose({2, kNever}), 1u);
  EXPECT_THAT(reported, testing::ElementsAre("conv: fast: 7 is not 5"));
  // Named once more, it stays refused, and is not reported again.
  kernels::import_tuning(entries, "a file");
  EXPECT_EQ(choose({kNever, kNever}), 1u);
  EXPECT_EQ(reported.size(), 1u);
}

TEST_F(Proof, WhereAllAreWrongNothingIsChosen) {
  EXPECT_EQ(choose({1, 2}), std::nullopt);
  EXPECT_EQ(choose({1, 2}), std::nullopt);
  EXPECT_EQ(reported.size(), 2u);
  EXPECT_TRUE(kernels::tuning_table().empty());
  kernels::clear_tuning();
  EXPECT_EQ(choose({1}, std::span(names).first(1)), std::nullopt) << "one that stands alone is proven too";
}

}  // namespace
}  // namespace sluice::test
