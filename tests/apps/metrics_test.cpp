// SPDX-License-Identifier: Apache-2.0
#include "apps/common/metrics.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <cmath>
#include <csignal>
#include <fstream>
#include <sstream>

#include "tests/data/scratch_folder.h"

namespace sluice::apps {
namespace {

constexpr const char* kHeader =
    "epoch,step,train_loss,train_accuracy,test_loss,test_accuracy,flooded_fraction,learning_rate,images_per_second,"
    "seconds\n";

MetricsRow row_of(std::int64_t epoch) {
  const auto e = static_cast<double>(epoch);
  return {.epoch = epoch,
          .step = 391 * epoch,
          .train_loss = 1 / (3 * e),
          .train_accuracy = 0.1 * e,
          .test_loss = 2.302585092994046,
          .test_accuracy = 0.1,
          .flooded_fraction = 1,
          .learning_rate = 5e-324,
          .images_per_second = 12345.678901234567,
          .seconds = 1e22};
}

class MetricsTest : public testing::Test {
 protected:
  void write(const std::string& text) const { std::ofstream(path_) << text; }
  std::string content() const {
    std::stringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }

  const data::ScratchFolder scratch_;
  const std::filesystem::path path_ = scratch_.path() / "metrics.csv";
};

TEST_F(MetricsTest, ANewFileHasTheHeaderAlone) {
  const MetricsWriter writer(path_, 0);
  EXPECT_EQ(content(), kHeader);
  EXPECT_TRUE(read_metrics(path_).empty());
}

TEST_F(MetricsTest, RowsAreReadableText) {
  MetricsWriter writer(path_, 0);
  writer.append({.epoch = 1,
                 .step = 32,
                 .train_loss = 1.5,
                 .train_accuracy = 0.25,
                 .test_loss = 2,
                 .test_accuracy = 0.125,
                 .flooded_fraction = 0.5,
                 .learning_rate = 0.1,
                 .images_per_second = 1000,
                 .seconds = 4.75});
  EXPECT_EQ(content(), std::string(kHeader) + "1,32,1.5,0.25,2,0.125,0.5,0.1,1000,4.75\n");
}

TEST_F(MetricsTest, NumbersComeBackExactly) {
  MetricsWriter writer(path_, 0);
  for (const std::int64_t epoch : {1, 2, 3}) writer.append(row_of(epoch));
  EXPECT_EQ(read_metrics(path_), (std::vector{row_of(1), row_of(2), row_of(3)}));
  EXPECT_EQ(writer.rows(), read_metrics(path_));
}

TEST_F(MetricsTest, ADivergedRunCanBeRead) {
  MetricsWriter writer(path_, 0);
  writer.append({.epoch = 1, .step = 1, .train_loss = NAN, .test_loss = INFINITY});
  EXPECT_TRUE(std::isnan(read_metrics(path_).at(0).train_loss));
  EXPECT_EQ(read_metrics(path_).at(0).test_loss, INFINITY);
}

TEST_F(MetricsTest, AResumedRunDropsTheRowsThatItWritesAgain) {
  {
    MetricsWriter writer(path_, 0);
    for (const std::int64_t epoch : {1, 2, 3}) writer.append(row_of(epoch));
  }
  MetricsWriter writer(path_, 1);
  EXPECT_EQ(writer.rows(), std::vector{row_of(1)});
  writer.append(row_of(2));
  EXPECT_EQ(read_metrics(path_), (std::vector{row_of(1), row_of(2)}));
}

TEST_F(MetricsTest, ARowCutOffIsDropped) {
  write(std::string(kHeader) + "1,32,1.5,0.25,2,0.125,0.5,0.1,1000,4.75\n2,64,1.2");
  EXPECT_EQ(read_metrics(path_).size(), 1U);
  MetricsWriter writer(path_, 5);
  writer.append(row_of(2));
  EXPECT_EQ(read_metrics(path_).at(1), row_of(2));
}

TEST_F(MetricsTest, DamageIsNamedByLineAndColumn) {
  data::expect_io_error([&] { read_metrics(path_); }, {path_.string(), "No such file"});
  write("");
  data::expect_io_error([&] { read_metrics(path_); }, {path_.string(), "got none"});
  write("epoch,loss\n");
  data::expect_io_error([&] { read_metrics(path_); }, {path_.string(), "line 1", "got 'epoch,loss'"});
  write(std::string(kHeader) + "1,32,1.5,0.25,2,0.125,0.5,0.1,1000,4.75\n2,64,x,0,0,0,0,0,0,0\n");
  data::expect_io_error([&] { read_metrics(path_); }, {path_.string(), "line 3", "train_loss", "'x'"});
  write(std::string(kHeader) + "1,32,1.5\n");
  data::expect_io_error([&] { read_metrics(path_); }, {"line 2", "train_loss is missing"});
  write(std::string(kHeader) + "1,32,1.5,0.25,2,0.125,0.5,0.1,1000,4.75,6\n");
  data::expect_io_error([&] { read_metrics(path_); }, {"line 2", "seconds", "'4.75,6'"});
  write(std::string(kHeader) + "1.5,32,1.5,0.25,2,0.125,0.5,0.1,1000,4.75\n");
  data::expect_io_error([&] { read_metrics(path_); }, {"line 2", "epoch", "'1.5'"});
}

// A limit on the size of a file stands in for a full disk.
TEST_F(MetricsTest, AFullDiskIsAnErrorAndLeavesWholeRows) {
  MetricsWriter writer(path_, 0);
  writer.append(row_of(1));
  const std::string before = content();
  rlimit usual{};
  getrlimit(RLIMIT_FSIZE, &usual);
  const auto handler = std::signal(SIGXFSZ, SIG_IGN);
  const rlimit limit{before.size() + 20, usual.rlim_max};
  setrlimit(RLIMIT_FSIZE, &limit);
  std::string message;
  try {
    writer.append(row_of(2));
  } catch (const WriteError& error) {
    message = error.what();
  }
  setrlimit(RLIMIT_FSIZE, &usual);
  std::signal(SIGXFSZ, handler);
  EXPECT_NE(message.find(path_.string() + ": can't write: File too large"), std::string::npos) << message;
  EXPECT_EQ(content(), before) << "half a row was left";
}

}  // namespace
}  // namespace sluice::apps
