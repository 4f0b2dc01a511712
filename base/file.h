// SPDX-License-Identifier: Apache-2.0
// Files that must not be lost: every failure names the path, what failed and the system's reason, and a file is
// replaced as a whole or not at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include <sluice/base/error.h>

namespace sluice {

// A file or folder that can't be written: a full disk, a missing permission, an absent folder.
struct WriteError : IoError {
  using IoError::IoError;
};

// An open regular file; anything else (a pipe, a device, a folder) is an error, and is not waited for. Failures throw
// IoError where it was opened to read, WriteError otherwise.
class File {
 public:
  enum class Access {
    read,    // an existing regular file
    create,  // a new file; one that is there already is an error
    append,  // at the end of a file, made where it is absent; a symbolic link is an error
  };

  File(const std::filesystem::path& path, Access access);
  ~File();
  File(File&& other) noexcept;
  File& operator=(File&& other) noexcept;

  const std::filesystem::path& path() const { return path_; }
  // Bytes in the file now.
  std::uint64_t size() const;
  // Reads the next `bytes` bytes; a file that ends before them is an IoError.
  void read(void* to, std::size_t bytes);
  // Goes on after the next `bytes` bytes, which the caller knows to be there.
  void skip(std::uint64_t bytes);
  void write(std::span<const std::byte> bytes);
  // Waits until what was written is on the disk.
  void sync();
  void truncate(std::uint64_t size);
  // Closes now, so that an error which only closing shows is not lost. The destructor ignores it.
  void close();

 private:
  [[noreturn]] void fail(const char* what) const;

  std::filesystem::path path_;
  Access access_ = Access::read;
  int descriptor_ = -1;
};

// All of a file. Throws IoError also where it has more than `most_bytes`.
std::string read_text(const std::filesystem::path& path, std::uint64_t most_bytes = std::uint64_t{1} << 28);

// Makes `path` hold the parts, one after another: written to `<path>.tmp-<pid>`, synced, renamed, the folder synced. At
// any moment, also of a kill or a power cut, `path` is the old file or the new one. Throws WriteError after removing
// the temporary file; the old file is untouched then.
void replace_file(const std::filesystem::path& path, std::span<const std::span<const std::byte>> parts);
void replace_file(const std::filesystem::path& path, std::string_view text);

// Waits until the names in a folder (new, renamed or removed files) are on the disk. Throws WriteError.
void sync_folder(const std::filesystem::path& folder);

}  // namespace sluice
