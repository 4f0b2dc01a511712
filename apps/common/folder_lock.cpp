// SPDX-License-Identifier: Apache-2.0
#include "apps/common/folder_lock.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include <sluice/base/file.h>

namespace sluice::apps {

FolderLock::FolderLock(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / ".lock";
  descriptor_ = ::open(file.c_str(), O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0666);
  if (descriptor_ < 0)
    throw WriteError(
        fmt::format("{}: can't open it to write: {}", file.string(),
                    errno == ELOOP ? "it is a symbolic link, which is not followed" : std::strerror(errno)));
  // Another name of the same file would be overwritten with it.
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode) || status.st_nlink != 1) {
    ::close(std::exchange(descriptor_, -1));
    throw WriteError(fmt::format("{} is not a regular file with this name alone; it is left alone", file.string()));
  }
  if (::flock(descriptor_, LOCK_EX | LOCK_NB) != 0) {
    const int reason = errno;
    std::string owner(20, '\0');
    owner.resize(static_cast<std::size_t>(std::max<ssize_t>(0, ::pread(descriptor_, owner.data(), owner.size(), 0))));
    ::close(descriptor_);
    if (reason != EWOULDBLOCK)
      throw WriteError(fmt::format("{}: can't lock it: {}", file.string(), std::strerror(reason)));
    throw Error(fmt::format("{} is in use by process {}", folder.string(), owner.empty() ? "(unknown)" : owner));
  }
  const std::string owner = std::to_string(::getpid());
  // Only for the message above: the lock holds without it.
  [[maybe_unused]] const bool told =
      ::ftruncate(descriptor_, 0) == 0 &&
      ::pwrite(descriptor_, owner.data(), owner.size(), 0) == static_cast<ssize_t>(owner.size());
}

FolderLock::~FolderLock() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

FolderLock::FolderLock(FolderLock&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}

void FolderLock::leave_to_parent() const noexcept { ::close(descriptor_); }

FolderLock& FolderLock::operator=(FolderLock&& other) noexcept {
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

}  // namespace sluice::apps
