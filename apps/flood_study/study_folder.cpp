// SPDX-License-Identifier: Apache-2.0
#include "apps/flood_study/study_folder.h"

#include <fmt/format.h>

#include <cstdio>
#include <nlohmann/json.hpp>

#include <sluice/base/file.h>
#include "apps/common/exit_codes.h"
#include "apps/flood_study/run_file.h"

namespace sluice::study {
namespace {

namespace fs = std::filesystem;

fs::path made(const fs::path& folder) {
  std::error_code error;
  fs::create_directories(folder / "runs", error);
  if (error) throw WriteError(fmt::format("{}: can't be made: {}", folder.string(), error.message()));
  return folder;
}

void agree_or_write(const fs::path& file, const std::map<std::string, std::string>& identity) {
  if (!fs::exists(file)) return replace_file(file, nlohmann::json(identity).dump(1) + "\n");
  std::map<std::string, std::string> there;
  try {
    there = nlohmann::json::parse(read_text(file)).get<std::map<std::string, std::string>>();
  } catch (const nlohmann::json::exception& error) {
    throw IoError(fmt::format("{} is damaged: {}", file.string(), error.what()));
  }
  for (const auto& [name, value] : identity) {
    const auto found = there.find(name);
    if (found == there.end() || found->second != value)
      throw apps::CheckpointError(fmt::format(
          "{} holds a study with --{} {}, not {}; its runs can't be mixed with these. Give the same, or another --out",
          file.parent_path().string(), name, found == there.end() ? "(unknown)" : found->second, value));
  }
}

}  // namespace

StudyFolder::StudyFolder(const StudyOptions& options) : path_(made(options.out)), lock_(path_) {
  agree_or_write(path_ / "study.json", options.identity());
  // What a kill left half-written.
  for (const fs::directory_entry& entry : fs::directory_iterator(path_ / "runs"))
    if (entry.path().filename().string().find(".tmp-") != std::string::npos) fs::remove(entry.path());
}

fs::path StudyFolder::file_of(const RunKey& key) const { return path_ / "runs" / (key.name() + ".json"); }

std::map<RunKey, RunResult> StudyFolder::finished(const std::vector<RunKey>& keys) const {
  std::map<RunKey, RunResult> results;
  for (const RunKey& key : keys) {
    const fs::path file = file_of(key);
    if (!fs::exists(file)) continue;
    try {
      results.emplace(key, read_run(file, key));
    } catch (const IoError& error) {
      const fs::path aside = file.string() + ".damaged";
      fs::rename(file, aside);
      fmt::print(stderr, "sluice-flood-study: {}; set aside as {}\n", error.what(), aside.filename().string());
    }
  }
  return results;
}

}  // namespace sluice::study
