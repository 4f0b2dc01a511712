// SPDX-License-Identifier: Apache-2.0
#include "apps/common/run_folder.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>
#include <vector>

#include <sluice/base/file.h>
#include "apps/common/exit_codes.h"

namespace sluice::apps {
namespace {

namespace fs = std::filesystem;

constexpr std::size_t kKept = 2;
constexpr const char* kConfiguration = "config.toml";
constexpr const char* kCheckpoints = "checkpoints";
constexpr const char* kTemporary = ".tmp";
// What a run writes into its folder beside those two.
constexpr std::string_view kFiles[] = {"metrics.csv", "validation.csv", "held_out_losses.safetensors",
                                       "curves.svg",  "curves.png",     "tuning.json"};
// A checkpoint that one of the same step is about to replace.
constexpr const char* kReplaced = ".replaced";

// File-system calls of the standard library throw errors of their own; to the user all of them are one kind.
template <class Call>
void writing(Call call) {
  try {
    call();
  } catch (const fs::filesystem_error& error) {
    throw WriteError(fmt::format("{}: {}", error.path1().string(), error.code().message()));
  }
}

std::string checkpoint_name(std::int64_t step) { return fmt::format("step-{:09}", step); }

// "step-000000012" and nothing more.
bool is_checkpoint(const fs::path& path) {
  const std::string name = path.filename().string();
  return name.size() == checkpoint_name(0).size() && name.starts_with("step-") &&
         name.find_first_not_of("0123456789", 5) == std::string::npos;
}

bool has_suffix(const fs::path& path, std::string_view suffix) { return path.filename().string().ends_with(suffix); }

fs::path without_suffix(const fs::path& path) { return path.parent_path() / path.stem(); }

std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code absent;
  for (const fs::directory_entry& entry : fs::directory_iterator(folder, absent)) entries.push_back(entry.path());
  std::ranges::sort(entries);
  return entries;
}

// Complete checkpoints, oldest first.
std::vector<fs::path> checkpoints_in(const fs::path& folder) {
  std::vector<fs::path> found = entries_of(folder);
  std::erase_if(found, [](const fs::path& path) { return !is_checkpoint(path); });
  return found;
}

// Under another name first, so that half of one never looks complete.
void remove_checkpoint(const fs::path& checkpoint) {
  const fs::path temporary = checkpoint.string() + kTemporary;
  fs::rename(checkpoint, temporary);
  fs::remove_all(temporary);
}

// What a kill left: a checkpoint that had not been written whole, or one moved aside whose successor never came.
void repair(const fs::path& checkpoints) {
  for (const fs::path& path : entries_of(checkpoints)) {
    if (has_suffix(path, kTemporary)) fs::remove_all(path);
    if (!has_suffix(path, kReplaced)) continue;
    if (fs::exists(without_suffix(path)))
      fs::remove_all(path);
    else
      fs::rename(path, without_suffix(path));
  }
}

// config.toml goes first: without it there is no run to resume, half of one least of all.
void remove_run(const fs::path& folder) {
  fs::remove(folder / kConfiguration);
  fs::remove_all(folder / kCheckpoints);
  for (const std::string_view name : kFiles) fs::remove(folder / name);
  for (const fs::path& path : entries_of(folder))
    if (path.filename().string().starts_with("events.out.tfevents.")) fs::remove(path);
}

// Without config.toml there is no run, whatever a start that failed has left; but what a run has computed is never
// taken for nothing.
void refuse_existing(const fs::path& folder) {
  if (fs::exists(folder / kConfiguration))
    throw UsageError(
        fmt::format("{} holds a run already; --resume goes on with it, --overwrite replaces it", folder.string()));
  if (fs::exists(folder / "metrics.csv") || RunFolder::latest_checkpoint(folder))
    throw UsageError(
        fmt::format("{} holds results of a run but no {}, so that it can't be resumed; --overwrite replaces them",
                    folder.string(), kConfiguration));
}

// What a kill left of a file that was being replaced: "<name>.tmp-<process>" of a name that a run writes.
bool is_left_over(const fs::path& path) {
  const std::string name = path.filename().string();
  const std::size_t at = name.find(".tmp-");
  return at != std::string::npos && name.find_first_not_of("0123456789", at + 5) == std::string::npos &&
         (std::ranges::find(kFiles, name.substr(0, at)) != std::end(kFiles) || name.substr(0, at) == kConfiguration);
}

// The folder, there from now on; but not for a run that is to be resumed and is not there.
const fs::path& made(const fs::path& folder, ExistingRun existing) {
  if (existing == ExistingRun::resume && !fs::exists(folder / kConfiguration))
    throw CheckpointError(
        fmt::format("there is no run to resume in {}: it has no {}", folder.string(), kConfiguration));
  writing([&] { fs::create_directories(folder); });
  return folder;
}

void sync_file(const fs::path& path) { File(path, File::Access::append).sync(); }

}  // namespace

RunFolder::RunFolder(const fs::path& path, ExistingRun existing) : path_(path), lock_(made(path, existing)) {
  if (existing == ExistingRun::refuse) refuse_existing(path);
  writing([&] {
    for (const fs::path& entry : entries_of(path))
      if (is_left_over(entry)) fs::remove(entry);
    if (existing == ExistingRun::overwrite) remove_run(path);
    fs::create_directories(path / kCheckpoints);
    repair(path / kCheckpoints);
  });
}

void RunFolder::write(std::string_view name, std::string_view text) const { replace_file(path_ / name, text); }

void RunFolder::write_checkpoint(std::int64_t step, const std::function<void(const fs::path& folder)>& save) const {
  const fs::path folder = path_ / kCheckpoints;
  const fs::path complete = folder / checkpoint_name(step);
  const fs::path temporary = complete.string() + kTemporary;
  const fs::path replaced = complete.string() + kReplaced;
  try {
    writing([&] {
      fs::remove_all(temporary);
      fs::create_directories(temporary);
    });
    save(temporary);
    for (const fs::path& file : entries_of(temporary)) sync_file(file);
    sync_folder(temporary);
  } catch (...) {
    std::error_code left;
    fs::remove_all(temporary, left);
    throw;
  }
  writing([&] {
    // A folder can't be renamed onto a full one. Between the two renames, latest_checkpoint and repair know the way
    // back.
    if (fs::exists(complete)) fs::rename(complete, replaced);
    fs::rename(temporary, complete);
  });
  sync_folder(folder);
  writing([&] {
    fs::remove_all(replaced);
    const std::vector<fs::path> all = checkpoints_in(folder);
    for (std::size_t i = 0; i + kKept < all.size(); ++i) remove_checkpoint(all[i]);
  });
}

std::vector<fs::path> RunFolder::checkpoints(const fs::path& run) {
  std::vector<fs::path> found = entries_of(run / kCheckpoints);
  std::erase_if(found, [](const fs::path& path) {
    const bool stands_in =
        has_suffix(path, kReplaced) && is_checkpoint(without_suffix(path)) && !fs::exists(without_suffix(path));
    return !is_checkpoint(path) && !stands_in;
  });
  std::ranges::reverse(found);
  return found;
}

std::optional<fs::path> RunFolder::latest_checkpoint(const fs::path& run) {
  const std::vector<fs::path> all = checkpoints(run);
  return all.empty() ? std::nullopt : std::optional(all.front());
}

void RunFolder::set_aside(const fs::path& checkpoint) const {
  writing([&] {
    const fs::path aside = checkpoint.string() + ".damaged";
    fs::remove_all(aside);
    fs::rename(checkpoint, aside);
  });
  sync_folder(path_ / kCheckpoints);
}

}  // namespace sluice::apps
