// SPDX-License-Identifier: Apache-2.0
#include "apps/common/curves.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cmath>
#include <cstdlib>
#include <fstream>
#include <regex>
#include <sstream>

#include "apps/common/panels.h"
#include "apps/common/ticks.h"
#include "tests/data/scratch_folder.h"

namespace sluice::apps {
namespace {

CurveRun run_of(const std::string& label, std::int64_t epochs, double level) {
  CurveRun run{.label = label};
  for (std::int64_t epoch = 1; epoch <= epochs; ++epoch) {
    const double loss = 2 / static_cast<double>(epoch);
    run.rows.push_back(
        {.epoch = epoch, .train_loss = loss, .train_accuracy = 0.9, .test_loss = loss + 0.3, .test_accuracy = 0.6});
    run.flood_levels.push_back(level);
  }
  return run;
}

class CurvesTest : public testing::Test {
 protected:
  void SetUp() override {
    if (std::system("command -v gnuplot >/dev/null") != 0) GTEST_SKIP() << "gnuplot is not installed";
  }
  void TearDown() override { setenv("PATH", path_before_.c_str(), 1); }

  // A program that stands in for gnuplot.
  void replace_gnuplot(const std::string& script) {
    std::ofstream(scratch_.path() / "gnuplot") << "#!/bin/sh\n" << script;
    chmod((scratch_.path() / "gnuplot").c_str(), 0755);
    setenv("PATH", (scratch_.path().string() + ":" + path_before_).c_str(), 1);
  }
  std::string warning_of_drawing() const {
    testing::internal::CaptureStderr();
    EXPECT_FALSE(draw_curves(picture_, "title", {run_of("a", 3, 0)}));
    return testing::internal::GetCapturedStderr();
  }
  std::string content() const {
    std::stringstream text;
    text << std::ifstream(picture_, std::ios::binary).rdbuf();
    return text.str();
  }
  std::size_t count(const std::string& pattern) const {
    const std::string text = content();
    const std::regex regex(pattern);
    return static_cast<std::size_t>(
        std::distance(std::sregex_iterator(text.begin(), text.end(), regex), std::sregex_iterator()));
  }

  const std::string path_before_ = std::getenv("PATH");
  const data::ScratchFolder scratch_;
  std::filesystem::path picture_ = scratch_.path() / "curves.svg";
};

TEST_F(CurvesTest, OneRunShowsTrainingTestAndLevel) {
  testing::internal::CaptureStderr();
  ASSERT_TRUE(draw_curves(picture_, "wide_resnet28_10 on <cifar10> & 'more'", {run_of("a", 12, 0.5)}));
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
  EXPECT_EQ(count("wide_resnet28_10 on &lt;cifar10> &amp; 'more'"), 1U);
  for (const char* text : {">Loss<", ">Accuracy \\(%\\)<", ">training<", ">test<", ">flood level<"})
    EXPECT_EQ(count(text), 1U) << text;
  EXPECT_EQ(count(">epoch<"), 2U);
  EXPECT_EQ(count("stroke-dasharray"), 2U) << "the level, and its sample in the legend";
}

TEST_F(CurvesTest, SeveralRunsAreNamed) {
  ASSERT_TRUE(draw_curves(picture_, "both", {run_of("plain", 12, 0), run_of("it's flooded", 7, 0.5)}));
  EXPECT_EQ(count(">plain<"), 1U);
  EXPECT_EQ(count(">it's flooded<"), 1U);
}

TEST_F(CurvesTest, ARunWithoutFloodingShowsNoLevel) {
  ASSERT_TRUE(draw_curves(picture_, "title", {run_of("a", 3, 0)}));
  EXPECT_EQ(count("flood level"), 0U);
  EXPECT_EQ(count("stroke-dasharray"), 0U);
}

TEST_F(CurvesTest, AnAxisOfDecadesShowsALowLevel) {
  ASSERT_TRUE(draw_curves(picture_, "title", {run_of("a", 12, 0.02)}));
  EXPECT_EQ(count(">Loss \\(logarithmic\\)<"), 1U);
}

// Counted by multiplication, the decades above 1e308 and below 1e-323 have no end.
TEST_F(CurvesTest, LossesAtTheEndsOfDoubleAreDrawn) {
  CurveRun run = run_of("a", 3, 1e-320);
  EXPECT_TRUE(draw_curves(picture_, "title", {run}));
  run.flood_levels = {5e-324, 1, 1.7e308};
  run.rows[0].train_loss = 1.7e308;
  EXPECT_TRUE(draw_curves(picture_, "title", {run}));
  const std::vector<Panel> panels{{.title = "t",
                                   .x_label = "x",
                                   .x = Axis::logarithmic,
                                   .y = Axis::logarithmic,
                                   .lines = {{"l", 0, LineStyle::strong, {{5e-324, 1e-310}, {1e300, 1.7e308}}}}}};
  EXPECT_TRUE(draw_panels(picture_, "title", 1, panels));
}

TEST(DecadeTicks, StandWithinTheRangeAndAreFew) {
  using Ticks = std::vector<double>;
  EXPECT_EQ(tick_list(decade_ticks({0.05, 3}, DecadeTicks::one_two_five)), "0.05, 0.1, 0.2, 0.5, 1, 2");
  EXPECT_EQ(decade_ticks({0.05, 3}, DecadeTicks::decades), (Ticks{0.1, 1}));
  EXPECT_EQ(decade_ticks({3, 4}, DecadeTicks::one_two_five), Ticks{});
  for (const LogarithmicRange range : {LogarithmicRange(0, HUGE_VAL), LogarithmicRange(5e-324, 1e-300),
                                       LogarithmicRange(1e300, 1.7e308), LogarithmicRange(1e-20, 1e20)}) {
    const Ticks ticks = decade_ticks(range, DecadeTicks::one_two_five);
    EXPECT_GE(ticks.size(), 1U);
    EXPECT_LE(ticks.size(), 14U);
  }
}

TEST_F(CurvesTest, OneEpochAndLossesThatAreNotNumbersAreDrawn) {
  EXPECT_TRUE(draw_curves(picture_, "title", {run_of("a", 1, 0.5)}));
  CurveRun diverged = run_of("a", 3, 0);
  diverged.rows[1].train_loss = NAN;
  diverged.rows[2].test_loss = INFINITY;
  EXPECT_TRUE(draw_curves(picture_, "title", {diverged}));
  for (MetricsRow& row : diverged.rows) row.train_loss = row.test_loss = NAN;
  EXPECT_TRUE(draw_curves(picture_, "title", {diverged}));
}

TEST_F(CurvesTest, DrawsPngToo) {
  picture_.replace_extension(".png");
  ASSERT_TRUE(draw_curves(picture_, "title", {run_of("a", 3, 0)}));
  EXPECT_TRUE(content().starts_with("\x89PNG"));
}

TEST_F(CurvesTest, AFailureIsAWarningAndLeavesTheOldPicture) {
  std::ofstream(picture_) << "old";
  setenv("PATH", "/absent", 1);
  EXPECT_EQ(warning_of_drawing(), "warning: " + picture_.string() + " was not drawn: gnuplot is not installed\n");
  replace_gnuplot("cat >/dev/null; exit 3\n");
  EXPECT_EQ(warning_of_drawing(), "warning: " + picture_.string() + " was not drawn: gnuplot failed with code 3\n");
  replace_gnuplot("exit 4\n");
  EXPECT_EQ(warning_of_drawing(), "warning: " + picture_.string() + " was not drawn: gnuplot failed with code 4\n");
  replace_gnuplot("kill -KILL $$\n");
  EXPECT_EQ(warning_of_drawing(), "warning: " + picture_.string() + " was not drawn: gnuplot was ended by signal 9\n");
  replace_gnuplot("cat >/dev/null\n");
  EXPECT_EQ(warning_of_drawing(), "warning: " + picture_.string() + " was not drawn: No such file or directory\n");
  EXPECT_EQ(content(), "old");
}

TEST_F(CurvesTest, NothingToDrawIsAWarning) {
  testing::internal::CaptureStderr();
  EXPECT_FALSE(draw_curves(picture_, "title", {CurveRun{}}));
  EXPECT_FALSE(draw_curves(picture_, "title", {}));
  EXPECT_FALSE(draw_curves("curves.pdf", "title", {run_of("a", 3, 0)}));
  EXPECT_FALSE(draw_curves("/absent/curves.svg", "title", {run_of("a", 3, 0)}));
  EXPECT_NE(testing::internal::GetCapturedStderr(), "");
}

}  // namespace
}  // namespace sluice::apps
