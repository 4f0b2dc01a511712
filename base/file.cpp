// SPDX-License-Identifier: Apache-2.0
#include <sluice/base/file.h>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace sluice {
namespace {

int flags_of(File::Access access) {
  switch (access) {
    // O_NONBLOCK: a pipe in a file's place is opened at once, and refused.
    case File::Access::read: return O_RDONLY | O_NONBLOCK | O_CLOEXEC;
    case File::Access::create: return O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    case File::Access::append: return O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC;
  }
  return 0;
}

const char* opening(File::Access access) {
  return access == File::Access::read ? "open it" : access == File::Access::create ? "create it" : "open it to write";
}

// A file in the current folder has no parent in its path.
std::filesystem::path folder_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

}  // namespace

File::File(const std::filesystem::path& path, Access access) : path_(path), access_(access) {
  descriptor_ = ::open(path.c_str(), flags_of(access), 0666);
  if (descriptor_ < 0) fail(opening(access));
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0 || !S_ISREG(status.st_mode)) {
    ::close(std::exchange(descriptor_, -1));
    const std::string message = concat(path_.string(), " is not a regular file");
    if (access_ == Access::read) throw IoError(message);
    throw WriteError(message);
  }
}

File::~File() {
  if (descriptor_ >= 0) ::close(descriptor_);
}

File::File(File&& other) noexcept
    : path_(std::move(other.path_)), access_(other.access_), descriptor_(std::exchange(other.descriptor_, -1)) {}

File& File::operator=(File&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(access_, other.access_);
  std::swap(descriptor_, other.descriptor_);
  return *this;
}

void File::fail(const char* what) const {
  const bool link = errno == ELOOP && access_ == Access::append;
  const std::string message = concat(path_.string(), ": can't ", what, ": ",
                                     link ? "it is a symbolic link, which is not followed" : std::strerror(errno));
  if (access_ == Access::read) throw IoError(message);
  throw WriteError(message);
}

std::uint64_t File::size() const {
  struct stat status {};
  if (::fstat(descriptor_, &status) != 0) fail("read its size");
  return static_cast<std::uint64_t>(status.st_size);
}

void File::read(void* to, std::size_t bytes) {
  auto* at = static_cast<std::byte*>(to);
  while (bytes > 0) {
    const ssize_t got = ::read(descriptor_, at, bytes);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) fail("read");
    if (got == 0) throw IoError(concat(path_.string(), " ends ", bytes, " bytes too early"));
    at += got;
    bytes -= static_cast<std::size_t>(got);
  }
}

void File::skip(std::uint64_t bytes) {
  if (::lseek(descriptor_, static_cast<off_t>(bytes), SEEK_CUR) < 0) fail("pass over a part of it");
}

void File::write(std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t put = ::write(descriptor_, bytes.data(), bytes.size());
    if (put < 0 && errno == EINTR) continue;
    if (put < 0) fail("write");
    bytes = bytes.subspan(static_cast<std::size_t>(put));
  }
}

void File::sync() {
  if (::fsync(descriptor_) != 0) fail("bring it to the disk");
}

void File::truncate(std::uint64_t size) {
  if (::ftruncate(descriptor_, static_cast<off_t>(size)) != 0) fail("shorten it");
}

void File::close() {
  if (::close(std::exchange(descriptor_, -1)) != 0) fail("close it");
}

std::string read_text(const std::filesystem::path& path, std::uint64_t most_bytes) {
  File file(path, File::Access::read);
  const std::uint64_t size = file.size();
  if (size > most_bytes) throw IoError(concat(path.string(), " has ", size, " bytes, more than ", most_bytes));
  std::string text(size, '\0');
  file.read(text.data(), text.size());
  return text;
}

void replace_file(const std::filesystem::path& path, std::span<const std::span<const std::byte>> parts) {
  // Renaming would put a file in the place of a device or a folder.
  std::error_code absent;
  if (std::filesystem::exists(path, absent) && !std::filesystem::is_regular_file(path, absent))
    throw WriteError(concat(path.string(), " is not a regular file; it is left alone"));
  const std::filesystem::path temporary = concat(path.string(), ".tmp-", ::getpid());
  // Left by a process of the same number that was killed.
  ::unlink(temporary.c_str());
  try {
    File file(temporary, File::Access::create);
    for (const std::span<const std::byte> part : parts) file.write(part);
    file.sync();
    file.close();
    if (::rename(temporary.c_str(), path.c_str()) != 0)
      throw WriteError(concat(path.string(), ": can't rename ", temporary.string(), " to it: ", std::strerror(errno)));
  } catch (...) {
    ::unlink(temporary.c_str());
    throw;
  }
  sync_folder(folder_of(path));
}

void replace_file(const std::filesystem::path& path, std::string_view text) {
  const std::span<const std::byte> part = std::as_bytes(std::span(text));
  replace_file(path, std::span(&part, 1));
}

void sync_folder(const std::filesystem::path& folder) {
  const int descriptor = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  // Some file systems have nothing to sync for a folder and say EINVAL.
  const bool synced = descriptor >= 0 && (::fsync(descriptor) == 0 || errno == EINVAL);
  const int reason = errno;
  if (descriptor >= 0) ::close(descriptor);
  if (!synced)
    throw WriteError(concat(folder.string(), ": can't bring the folder to the disk: ", std::strerror(reason)));
}

}  // namespace sluice
