// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <filesystem>

namespace sluice::apps {

// Holds a folder for one process, by a lock on its file .lock. The system drops the lock when the process ends, however
// it ends, so a file that a kill left locks nothing.
class FolderLock {
 public:
  // Throws sluice::Error naming the folder and the process where it is held already, WriteError where it can't be
  // locked.
  explicit FolderLock(const std::filesystem::path& folder);
  ~FolderLock();
  FolderLock(FolderLock&& other) noexcept;
  FolderLock& operator=(FolderLock&& other) noexcept;

  // In a process that was forked while this one held the lock: leaves it to the parent, so that it does not outlive it.
  void leave_to_parent() const noexcept;

 private:
  int descriptor_ = -1;
};

}  // namespace sluice::apps
