// SPDX-License-Identifier: Apache-2.0
#include "apps/flood_study/study_runner.h"

#include <fmt/format.h>
#include <sys/mman.h>

#include <atomic>
#include <memory>
#include <optional>

#include <sluice/base/file.h>
#include <sluice/base/threads.h>
#include "apps/common/exit_codes.h"
#include "apps/common/interrupt.h"
#include "apps/common/progress.h"
#include "apps/common/tuning_file.h"
#include "apps/flood_study/image_task.h"
#include "apps/flood_study/pictures.h"
#include "apps/flood_study/report.h"
#include "apps/flood_study/run_file.h"
#include "apps/flood_study/study_folder.h"
#include "apps/flood_study/synthetic_task.h"
#include "apps/flood_study/training.h"
#include "apps/flood_study/worker_pool.h"

namespace sluice::study {
namespace {

// Epochs that the workers have done, in memory that they share with this process.
class SharedCounter {
 public:
  SharedCounter() {
    void* memory = ::mmap(nullptr, sizeof(Count), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED) throw OutOfMemory("no memory can be shared with the workers");
    count_ = new (memory) Count(0);
  }
  ~SharedCounter() { ::munmap(count_, sizeof(Count)); }
  SharedCounter(const SharedCounter&) = delete;
  SharedCounter& operator=(const SharedCounter&) = delete;

  void increment() { count_->fetch_add(1, std::memory_order_relaxed); }
  std::int64_t value() const { return count_->load(std::memory_order_relaxed); }

 private:
  using Count = std::atomic<std::int64_t>;
  static_assert(Count::is_always_lock_free);
  Count* count_;
};

// A study's data, where it is loaded rather than generated; the workers share it.
using Images = std::optional<data::ImageSplits>;

constexpr const char* kTuning = "tuning.json";

int train_and_write(const StudyOptions& options, const Images& images, const StudyFolder& folder, const RunKey& key,
                    SharedCounter& epochs) {
  return apps::run_main("sluice-flood-study", [&] {
    folder.leave_to_parent();
    set_thread_count(options.threads);
    if (images) apps::load_tuning(folder.path() / kTuning);
    const std::unique_ptr<Task> task = images ? make_image_task(options, *images, key.cell, key.seed)
                                              : make_synthetic_task(options, key.cell, key.seed);
    write_run(folder.file_of(key), train_run(*task, options, key, [&] { epochs.increment(); }));
    return apps::exit_ok;
  });
}

// Which algorithms run is measured once for the study, by a worker on its own, so that all runs have the same.
PoolOutcome choose_algorithms(const StudyOptions& options, const data::ImageSplits& images, const StudyFolder& folder) {
  const auto rehearse = [&] {
    return apps::run_main("sluice-flood-study", [&] {
      folder.leave_to_parent();
      set_thread_count(options.threads);
      StudyOptions one_epoch = options;
      one_epoch.epochs = 1;
      one_epoch.milestones.clear();
      train_run(*make_rehearsal(options, images), one_epoch, {{options.study, 0}, 0, 0}, [] {});
      replace_file(folder.path() / kTuning, apps::tuning_text());
      return apps::exit_ok;
    });
  };
  return run_pool(
      {{"the choice of algorithms", rehearse}}, 1, [] {}, [](const WorkFailure&) { return false; });
}

PoolOutcome train(const StudyOptions& options, const StudyFolder& folder, const std::vector<RunKey>& due) {
  Images images;
  if (!options.synthetic()) {
    images = load_images(options);
    if (!exists(folder.path() / kTuning)) {
      PoolOutcome outcome = choose_algorithms(options, *images, folder);
      if (outcome.interrupted || !outcome.failures.empty()) return outcome;
    }
  }
  SharedCounter epochs;
  std::vector<Work> work;
  for (const RunKey& key : due)
    work.push_back({key.name(), [&, key] { return train_and_write(options, images, folder, key, epochs); }});
  apps::Progress progress("training", static_cast<std::int64_t>(due.size()) * options.epochs, 0, {.unit = "epochs"});
  std::int64_t shown = 0;
  const auto tick = [&] {
    const std::int64_t now = epochs.value();
    progress.advance(now - shown, [&] { return fmt::format("run {} of {}", now / options.epochs + 1, due.size()); });
    shown = now;
  };
  // A run that diverges says something about its level; anything else would strike the next run too.
  const auto may_go_on = [](const WorkFailure& failure) {
    return !failure.by_a_signal && failure.code == apps::exit_numeric;
  };
  return run_pool(work, options.jobs, tick, may_go_on);
}

int exit_code_of(const PoolOutcome& outcome) {
  int code = apps::exit_ok;
  for (const WorkFailure& failure : outcome.failures) {
    fmt::print(stderr, "sluice-flood-study: {} failed, {} {}\n", failure.name,
               failure.by_a_signal ? "ended by signal" : "exit code", failure.code);
    code = failure.by_a_signal ? int{apps::exit_error} : failure.code;
  }
  return code;
}

void report(const StudyOptions& options, const StudyFolder& folder, const Results& results) {
  const std::string table = table_text(options, results);
  replace_file(folder.path() / "table.md", table);
  replace_file(folder.path() / "runs.csv", csv_text(results));
  if (options.synthetic()) replace_file(folder.path() / "acceptance.md", acceptance_text(options, results));
  draw_study(folder.path(), options, results);
  fmt::print("\n{}\nTable, runs.csv and pictures: {}\n", table, folder.path().string());
}

}  // namespace

int run_study(const StudyOptions& options) {
  const apps::InterruptGuard guard;
  const StudyFolder folder(options);
  const std::vector<RunKey> all = options.grid.runs();
  std::map<RunKey, RunResult> results = folder.finished(all);
  std::vector<RunKey> due;
  for (const RunKey& key : all)
    if (!results.contains(key)) due.push_back(key);
  fmt::print("{} cells, {} levels, {} seeds: {} runs, {} of them finished\n", options.grid.cells.size(),
             options.grid.levels.size(), options.grid.seeds, all.size(), results.size());
  std::fflush(stdout);

  PoolOutcome outcome;
  if (!options.report_only && !due.empty()) {
    outcome = train(options, folder, due);
    results = folder.finished(all);
  }
  if (outcome.interrupted) {
    fmt::print("Stopped: {} of {} runs are finished and kept. The same command goes on.\n", results.size(), all.size());
    return apps::exit_interrupted;
  }
  report(options, folder, results);
  return exit_code_of(outcome);
}

}  // namespace sluice::study
