// SPDX-License-Identifier: Apache-2.0
// The folder of a study: study.json (the settings that its runs share), runs/ (one file a finished run), tuning.json
// for images, and the report. One process at a time owns it.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "apps/common/folder_lock.h"
#include "apps/flood_study/options.h"

namespace sluice::study {

class StudyFolder {
 public:
  // Makes the folder, or takes up the study that is there. Throws CheckpointError naming the first setting in which
  // that differs, IoError for a study.json that is damaged, sluice::Error where another process has it, WriteError.
  explicit StudyFolder(const StudyOptions& options);

  const std::filesystem::path& path() const { return path_; }
  // In a worker: the folder stays the parent's.
  void leave_to_parent() const noexcept { lock_.leave_to_parent(); }
  std::filesystem::path file_of(const RunKey& key) const;

  // The finished runs among `keys`. A damaged file is renamed to <name>.damaged, named on stderr, and its run counts as
  // not finished.
  std::map<RunKey, RunResult> finished(const std::vector<RunKey>& keys) const;

 private:
  std::filesystem::path path_;
  apps::FolderLock lock_;
};

}  // namespace sluice::study
