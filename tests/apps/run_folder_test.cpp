// SPDX-License-Identifier: Apache-2.0
#include "apps/common/run_folder.h"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <fstream>
#include <set>

#include <sluice/base/file.h>
#include <sluice/core/archive.h>
#include "apps/common/exit_codes.h"
#include "tests/data/scratch_folder.h"

namespace sluice::apps {
namespace {

namespace fs = std::filesystem;

class RunFolderTest : public testing::Test {
 protected:
  std::set<std::string> names_in(const fs::path& folder) const {
    std::set<std::string> names;
    for (const fs::directory_entry& entry : fs::directory_iterator(folder))
      names.insert(entry.path().filename().string());
    return names;
  }
  std::set<std::string> checkpoints() const { return names_in(run_ / "checkpoints"); }

  // The message of the error of that kind, and of no other, that opening the folder gives.
  template <class Kind>
  std::string error(ExistingRun existing) const {
    try {
      const RunFolder folder(run_, existing);
    } catch (const Kind& kind) {
      return kind.what();
    }
    return "no error";
  }

  const data::ScratchFolder scratch_;
  const fs::path run_ = scratch_.path() / "runs" / "a";
};

// Two files that both tell the step, so that a mixture shows.
void save_step(const RunFolder& folder, std::int64_t step) {
  folder.write_checkpoint(step, [&](const fs::path& checkpoint) {
    const std::map<std::string, std::string> about{{"step", std::to_string(step)}};
    save_safetensors(checkpoint / "model.safetensors",
                     {{"w", Tensor::full({1000}, static_cast<double>(step), DType::f32)}}, about);
    save_safetensors(checkpoint / "training.safetensors", {}, about);
  });
}

std::int64_t step_in(const fs::path& checkpoint) {
  const std::string step = load_safetensors(checkpoint / "model.safetensors").metadata.at("step");
  EXPECT_EQ(load_safetensors(checkpoint / "training.safetensors").metadata.at("step"), step);
  return std::stoll(step);
}

TEST_F(RunFolderTest, IsMadeWithItsParents) {
  const RunFolder folder(run_, ExistingRun::refuse);
  folder.write("config.toml", "model=\"mlp\"\n");
  EXPECT_EQ(folder.path(), run_);
  EXPECT_EQ(names_in(run_), (std::set<std::string>{".lock", "checkpoints", "config.toml"}));
}

TEST_F(RunFolderTest, ARunIsRefusedResumedOrOverwritten) {
  EXPECT_NE(error<CheckpointError>(ExistingRun::resume).find("no run to resume in " + run_.string()),
            std::string::npos);
  EXPECT_FALSE(fs::exists(run_)) << "asking to resume made the folder";
  {
    const RunFolder folder(run_, ExistingRun::refuse);
    folder.write("config.toml", "x");
    save_step(folder, 7);
  }
  const std::string refused = error<UsageError>(ExistingRun::refuse);
  for (const std::string& part : {run_.string(), std::string("--resume"), std::string("--overwrite")})
    EXPECT_NE(refused.find(part), std::string::npos) << refused;
  {
    const RunFolder resumed(run_, ExistingRun::resume);
    EXPECT_EQ(checkpoints(), std::set<std::string>{"step-000000007"});
  }
  std::ofstream(run_ / "notes.txt") << "mine";
  std::ofstream(run_ / "metrics.csv") << "old";
  std::ofstream(run_ / "events.out.tfevents.1.2") << "old";
  const RunFolder overwritten(run_, ExistingRun::overwrite);
  EXPECT_EQ(names_in(run_), (std::set<std::string>{".lock", "checkpoints", "notes.txt"})) << "only the run's files go";
  EXPECT_TRUE(checkpoints().empty());
}

TEST_F(RunFolderTest, AFolderInUseNamesItselfAndTheProcess) {
  const RunFolder folder(run_, ExistingRun::refuse);
  folder.write("config.toml", "x");
  for (const ExistingRun existing : {ExistingRun::refuse, ExistingRun::resume, ExistingRun::overwrite})
    EXPECT_EQ(error<Error>(existing), run_.string() + " is in use by process " + std::to_string(getpid()));
}

TEST_F(RunFolderTest, TheLockGoesWithTheObject) {
  RunFolder moved = [&] {
    RunFolder folder(run_, ExistingRun::refuse);
    folder.write("config.toml", "x");
    return folder;
  }();
  EXPECT_NE(error<Error>(ExistingRun::resume), "no error");
  { const RunFolder last = std::move(moved); }
  EXPECT_EQ(error<Error>(ExistingRun::resume), "no error");
}

TEST_F(RunFolderTest, AFolderThatCanNotBeMadeIsAnError) {
  std::ofstream(scratch_.path() / "runs") << "a file";
  EXPECT_NE(error<WriteError>(ExistingRun::refuse).find(run_.string()), std::string::npos);
}

TEST_F(RunFolderTest, TheNewestTwoCheckpointsStay) {
  const RunFolder folder(run_, ExistingRun::refuse);
  EXPECT_FALSE(RunFolder::latest_checkpoint(run_));
  EXPECT_FALSE(RunFolder::latest_checkpoint(run_ / "absent"));
  for (const std::int64_t step : {9, 10, 99, 1000}) save_step(folder, step);
  EXPECT_EQ(checkpoints(), (std::set<std::string>{"step-000000099", "step-000001000"}));
  EXPECT_EQ(RunFolder::latest_checkpoint(run_), run_ / "checkpoints" / "step-000001000");
  EXPECT_EQ(step_in(*RunFolder::latest_checkpoint(run_)), 1000);
}

TEST_F(RunFolderTest, ACheckpointOfTheSameStepIsReplaced) {
  const RunFolder folder(run_, ExistingRun::refuse);
  save_step(folder, 5);
  folder.write_checkpoint(5, [](const fs::path& checkpoint) { replace_file(checkpoint / "other", "second"); });
  EXPECT_EQ(checkpoints(), std::set<std::string>{"step-000000005"});
  EXPECT_EQ(names_in(run_ / "checkpoints" / "step-000000005"), std::set<std::string>{"other"});
}

TEST_F(RunFolderTest, AFailureWhileSavingLeavesTheOldCheckpoint) {
  const RunFolder folder(run_, ExistingRun::refuse);
  save_step(folder, 5);
  for (const std::int64_t step : {5, 6}) {
    const auto save = [](const fs::path& checkpoint) {
      replace_file(checkpoint / "model.safetensors", "half");
      throw WriteError("the disk is full");
    };
    EXPECT_THROW(folder.write_checkpoint(step, save), WriteError);
    EXPECT_EQ(checkpoints(), std::set<std::string>{"step-000000005"});
    EXPECT_EQ(step_in(*RunFolder::latest_checkpoint(run_)), 5);
  }
}

TEST_F(RunFolderTest, WhatAKillLeftIsRepaired) {
  {
    const RunFolder folder(run_, ExistingRun::refuse);
    folder.write("config.toml", "x");
    save_step(folder, 5);
    save_step(folder, 6);
  }
  const fs::path folder = run_ / "checkpoints";
  // Killed between the two renames of a replacement of step 6: the old one stands aside, the new one has no name yet.
  fs::rename(folder / "step-000000006", folder / "step-000000006.replaced");
  fs::create_directory(folder / "step-000000006.tmp");
  // Killed after both: the old one is still aside.
  fs::create_directory(folder / "step-000000005.replaced");
  EXPECT_EQ(step_in(*RunFolder::latest_checkpoint(run_)), 6) << "a reader finds it before any repair";
  const RunFolder repaired(run_, ExistingRun::resume);
  EXPECT_EQ(checkpoints(), (std::set<std::string>{"step-000000005", "step-000000006"}));
  EXPECT_EQ(step_in(*RunFolder::latest_checkpoint(run_)), 6);
}

TEST_F(RunFolderTest, AStartThatFailedLeavesNoRun) {
  { RunFolder(run_, ExistingRun::refuse).write("tuning.json", "{}"); }
  EXPECT_EQ(error<UsageError>(ExistingRun::refuse), "no error") << "before config.toml there is no run";
  std::ofstream(run_ / "metrics.csv") << "epoch";
  const std::string refused = error<UsageError>(ExistingRun::refuse);
  EXPECT_NE(refused.find("can't be resumed; --overwrite"), std::string::npos) << refused;
}

TEST_F(RunFolderTest, TemporaryFilesOfAKillGo) {
  { RunFolder(run_, ExistingRun::refuse).write("config.toml", "x"); }
  for (const char* name : {"metrics.csv.tmp-12", "curves.svg.tmp-345", "config.toml.tmp-6", "notes.tmp-12",
                           "metrics.csv.tmp-x", "validation.csv.tmp-1"})
    std::ofstream(run_ / name) << "half";
  const RunFolder folder(run_, ExistingRun::resume);
  EXPECT_EQ(names_in(run_),
            (std::set<std::string>{".lock", "checkpoints", "config.toml", "metrics.csv.tmp-x", "notes.tmp-12"}));
}

TEST_F(RunFolderTest, ADamagedCheckpointIsSetAside) {
  const RunFolder folder(run_, ExistingRun::refuse);
  for (const std::int64_t step : {5, 6}) save_step(folder, step);
  const std::vector<fs::path> all = RunFolder::checkpoints(run_);
  EXPECT_EQ(all, (std::vector<fs::path>{run_ / "checkpoints/step-000000006", run_ / "checkpoints/step-000000005"}));
  folder.set_aside(all[0]);
  EXPECT_EQ(RunFolder::latest_checkpoint(run_), all[1]);
  EXPECT_EQ(checkpoints(), (std::set<std::string>{"step-000000005", "step-000000006.damaged"}));
}

TEST_F(RunFolderTest, OtherNamesAreNoCheckpoints) {
  const RunFolder folder(run_, ExistingRun::refuse);
  save_step(folder, 5);
  for (const char* name : {"step-9", "step-00000000x", "step-000000009.bak", "zzz"})
    fs::create_directory(run_ / "checkpoints" / name);
  EXPECT_EQ(RunFolder::latest_checkpoint(run_), run_ / "checkpoints" / "step-000000005");
}

// A child saves steps 1, 2, 2, 3, 3, ... and tells each step that is done; it is killed in the middle of it all. The
// newest checkpoint is then whole, and no older than what was told.
TEST_F(RunFolderTest, NothingIsLostWhenKilled) {
  std::int64_t last = 0;
  for (int kill_after = 0; kill_after < 12; ++kill_after) {
    int channel[2];
    ASSERT_EQ(pipe(channel), 0);
    const pid_t child = fork();
    if (child == 0) {
      try {
        RunFolder folder(run_, last == 0 ? ExistingRun::overwrite : ExistingRun::resume);
        folder.write("config.toml", "x");
        for (std::int64_t save = 2 * last + 1;; ++save) {
          const std::int64_t step = save / 2;
          save_step(folder, step);
          if (write(channel[1], &step, sizeof step) < 0) _exit(1);
        }
      } catch (...) {
        _exit(2);
      }
    }
    close(channel[1]);
    std::int64_t told = last;
    for (int i = 0; i <= kill_after % 4; ++i)
      ASSERT_EQ(read(channel[0], &told, sizeof told), static_cast<ssize_t>(sizeof told));
    usleep(static_cast<useconds_t>(173 * kill_after));
    kill(child, SIGKILL);
    int status = 0;
    waitpid(child, &status, 0);
    ASSERT_TRUE(WIFSIGNALED(status));
    for (std::int64_t more; read(channel[0], &more, sizeof more) == static_cast<ssize_t>(sizeof more);) told = more;
    close(channel[0]);
    const auto latest = RunFolder::latest_checkpoint(run_);
    ASSERT_TRUE(latest);
    last = step_in(*latest);
    EXPECT_GE(last, told);
    EXPECT_LE(last, told + 1);
  }
  const RunFolder folder(run_, ExistingRun::resume);
  for (const std::string& name : checkpoints()) EXPECT_EQ(name.size(), std::string("step-000000001").size()) << name;
}

}  // namespace
}  // namespace sluice::apps
