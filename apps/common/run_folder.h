// SPDX-License-Identifier: Apache-2.0
// The folder of one run: config.toml, metrics.csv, curves.svg, TensorBoard events, tuning.json and checkpoints/. One
// process at a time owns it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>
#include <vector>

#include "apps/common/folder_lock.h"

namespace sluice::apps {

// What to do where there is a run in the folder already.
enum class ExistingRun { refuse, resume, overwrite };

class RunFolder {
 public:
  // Makes the folder and locks it until the object dies or the process ends, then removes what a kill left
  // half-written. refuse: UsageError where a run is there, or something of one; the message says what can be done.
  // resume: CheckpointError where none is there; a run may be there without a checkpoint. overwrite: the files of the
  // old run are removed, and no others. Throws sluice::Error naming the folder and the process where it is in use,
  // WriteError where it can't be made.
  RunFolder(const std::filesystem::path& path, ExistingRun existing);

  const std::filesystem::path& path() const { return path_; }

  // Replaces a file of the folder as a whole. A run is there, and can be resumed, once config.toml is. Throws
  // WriteError.
  void write(std::string_view name, std::string_view text) const;

  // `save` writes model.safetensors and what else belongs to the checkpoint into the folder that it is given. When all
  // of it is on the disk the folder becomes checkpoints/step-<step>, replacing one of that step; older ones but the
  // newest are removed (two stay). At any moment, also of a kill, the last complete checkpoint is there. What `save`
  // throws, and WriteError, pass through after the half-written one was removed.
  void write_checkpoint(std::int64_t step, const std::function<void(const std::filesystem::path& folder)>& save) const;

  // The complete checkpoints of the run in `run`, the newest first; locks nothing.
  static std::vector<std::filesystem::path> checkpoints(const std::filesystem::path& run);
  static std::optional<std::filesystem::path> latest_checkpoint(const std::filesystem::path& run);

  // Renames a checkpoint that can't be read to <name>.damaged: it no longer counts as one. Throws WriteError.
  void set_aside(const std::filesystem::path& checkpoint) const;

 private:
  std::filesystem::path path_;
  FolderLock lock_;
};

}  // namespace sluice::apps
