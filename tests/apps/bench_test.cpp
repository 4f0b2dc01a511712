// SPDX-License-Identifier: Apache-2.0
// The benchmark programs, run at toy sizes as a user runs them, and the sums behind their tables.
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <string>

#include "apps/bench/ceilings.h"
#include "apps/bench/report.h"

namespace sluice::bench {
namespace {

struct Outcome {
  int exit_code = -1;
  std::string output;  // both streams
};

Outcome run(const std::string& command) {
  Outcome outcome;
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  char buffer[4096];
  for (std::size_t got = 0; (got = fread(buffer, 1, sizeof buffer, pipe)) > 0;) outcome.output.append(buffer, got);
  const int status = pclose(pipe);
  if (WIFEXITED(status)) outcome.exit_code = WEXITSTATUS(status);
  return outcome;
}

const std::string kernels_program = SLUICE_BENCH_KERNELS;
const std::string train_program = SLUICE_BENCH_TRAIN;

class Bench : public testing::Test {
 protected:
  void SetUp() override {
    std::string name = testing::UnitTest::GetInstance()->current_test_info()->name();
    std::ranges::replace(name, '/', '_');
    file_ =
        std::filesystem::temp_directory_path() / ("sluice_bench_" + name + "_" + std::to_string(getpid()) + ".json");
  }
  void TearDown() override { std::filesystem::remove(file_); }

  std::string to_file() const { return " --json " + file_.string(); }
  nlohmann::json report() const { return nlohmann::json::parse(std::ifstream(file_)); }

 private:
  std::filesystem::path file_;
};

TEST_F(Bench, KernelsAreListedByName) {
  const Outcome listed = run(kernels_program + " --list --filter '^relu_resnet20'");
  EXPECT_EQ(listed.exit_code, 0) << listed.output;
  EXPECT_EQ(listed.output,
            "relu_resnet20_stage1/f32/forward\nrelu_resnet20_stage1/f32/backward_input\n"
            "relu_resnet20_stage1/bf16/forward\nrelu_resnet20_stage1/bf16/backward_input\n");
}

TEST_F(Bench, KernelsAreTimedAgainstMeasuredCeilings) {
  const Outcome ran =
      run(kernels_program + " --cases small --filter '^(relu|add)_odd/f32' --seconds 0 --repetitions 5" + to_file());
  ASSERT_EQ(ran.exit_code, 0) << ran.output;
  const nlohmann::json results = report()["results"];
  ASSERT_EQ(results.size(), 5U);
  EXPECT_EQ(results[0]["name"], "add_odd/f32/forward");
  EXPECT_EQ(results[4]["name"], "relu_odd/f32/backward_input");
  for (const nlohmann::json& result : results) {
    EXPECT_EQ(result["count"], 5);
    EXPECT_GT(result["minimum_seconds"], 0);
    EXPECT_GE(result["median_seconds"], result["minimum_seconds"]);
    EXPECT_NE(ran.output.find(result["name"].get<std::string>()), std::string::npos);
  }
  const nlohmann::json ceilings = report()["ceilings"];
  for (const char* key : {"flops_f32", "flops_bf16", "bytes_cache", "bytes_memory"})
    EXPECT_GT(ceilings[key], 1e8) << key;
  EXPECT_FALSE(report()["machine"]["compiler"].get<std::string>().empty());
}

TEST_F(Bench, KernelsRefuseWhatTheyDoNotKnow) {
  EXPECT_EQ(run(kernels_program + " --filter nothing_is_called_so").exit_code, 2);
  EXPECT_EQ(run(kernels_program + " --filter '('").exit_code, 2);
  EXPECT_EQ(run(kernels_program + " --dtype f16").exit_code, 2);
  EXPECT_EQ(run(kernels_program + " --device gpu").exit_code, 2);
  EXPECT_EQ(run(kernels_program + " --device cuda:99").exit_code, 1);
}

struct TrainCase {
  const char* model;
  const char* precision;
  int parameters;  // as PyTorch counts them in the same model
};

void PrintTo(const TrainCase& train_case, std::ostream* out) {
  *out << train_case.model << ' ' << train_case.precision;
}

class BenchTrain : public Bench, public testing::WithParamInterface<TrainCase> {};

TEST_P(BenchTrain, AStepAfterTheWarmUpAllocatesNothing) {
  const TrainCase& param = GetParam();
  const Outcome ran = run(train_program + " --model " + param.model + " --precision " + param.precision +
                          " --batch-size 4 --steps 3 --warmup 3 --flood-level 0.5" + to_file());
  ASSERT_EQ(ran.exit_code, 0) << ran.output;
  const nlohmann::json results = report();
  EXPECT_EQ(results["driver_allocations_after_warmup"], 0);
  EXPECT_EQ(results["parameters"], param.parameters);
  EXPECT_EQ(results["step_seconds"].size(), 3U);
  EXPECT_GT(results["minimum_ms"], 0);
  EXPECT_GE(results["median_ms"], results["minimum_ms"]);
  EXPECT_GT(results["allocator_peak_bytes"], 4 * param.parameters);
  EXPECT_GT(results["peak_resident_bytes"], results["resident_before_bytes"]);
  EXPECT_GT(results["loss"], 0);
}

INSTANTIATE_TEST_SUITE_P(Models, BenchTrain,
                         testing::Values(TrainCase{"resnet20", "fp32", 269722}, TrainCase{"resnet20", "bf16", 269722},
                                         TrainCase{"mlp", "fp32", 3806010}, TrainCase{"mlp_paper", "fp32", 758002},
                                         TrainCase{"mlp_paper", "bf16", 758002}),
                         [](const testing::TestParamInfo<TrainCase>& train_case) {
                           return std::string(train_case.param.model) + "_" + train_case.param.precision;
                         });

TEST_F(Bench, TrainProfilesByOperation) {
  const Outcome ran = run(train_program + " --model mlp_paper --batch-size 4 --steps 2 --warmup 1 --profile");
  ASSERT_EQ(ran.exit_code, 0) << ran.output;
  for (const char* part : {"linear forward", "linear backward", "softmax_cross_entropy backward", "optimiser"})
    EXPECT_NE(ran.output.find(part), std::string::npos) << part << " is missing in\n" << ran.output;
}

TEST_F(Bench, TrainRefusesWhatItDoesNotKnow) {
  EXPECT_EQ(run(train_program + " --model resnet21").exit_code, 2);
  EXPECT_EQ(run(train_program + " --flood-level -1").exit_code, 2);
  EXPECT_EQ(run(train_program + " --steps 0").exit_code, 2);
  EXPECT_EQ(run(train_program + " --model mlp_paper --steps 1 --json /nowhere/at/all.json").exit_code, 1);
}

TEST(Summary, OfAnEvenNumberOfTimes) {
  const Summary summary = summarise({4, 1, 3, 2});
  EXPECT_DOUBLE_EQ(summary.median, 2.5);
  EXPECT_DOUBLE_EQ(summary.minimum, 1);
  EXPECT_DOUBLE_EQ(summary.spread, (3.25 - 1.75) / 2.5);
  EXPECT_EQ(summary.count, 4U);
  EXPECT_THROW(summarise({}), std::invalid_argument);
}

TEST(Floor, IsTheSlowerOfComputingAndMoving) {
  const Ceilings machine{
      .flops_f32 = 100, .flops_bf16 = 200, .has_bf16 = true, .bytes_cache = 50, .bytes_memory = 10, .cache_size = 1000};
  const Floor computing = floor_of(machine, DType::f32, 1000, 100);
  EXPECT_DOUBLE_EQ(computing.seconds, 10);
  EXPECT_STREQ(computing.bound, "flops");
  EXPECT_DOUBLE_EQ(floor_of(machine, DType::bf16, 1000, 100).seconds, 5);
  const Floor in_cache = floor_of(machine, DType::f32, 100, 1000);
  EXPECT_DOUBLE_EQ(in_cache.seconds, 20);
  EXPECT_STREQ(in_cache.bound, "cache");
  const Floor in_memory = floor_of(machine, DType::f32, 100, 2000);
  EXPECT_DOUBLE_EQ(in_memory.seconds, 200);
  EXPECT_STREQ(in_memory.bound, "memory");
}

}  // namespace
}  // namespace sluice::bench
