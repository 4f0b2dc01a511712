// SPDX-License-Identifier: Apache-2.0
#include "tests/fuzz/door.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>

#include <sluice/base/error.h>
#include "apps/common/exit_codes.h"
#include "tests/data/scratch_folder.h"

namespace sluice::fuzz {

void fail(const std::string& message) {
  std::fprintf(stderr, "%s\n", message.c_str());
  std::abort();
}

MemoryFile::MemoryFile() : descriptor_(::memfd_create("input", MFD_CLOEXEC)) {
  if (descriptor_ < 0) fail("no file in memory");
  path_ = "/proc/self/fd/" + std::to_string(descriptor_);
}

MemoryFile::~MemoryFile() { ::close(descriptor_); }

void MemoryFile::write(Input content) const {
  if (::ftruncate(descriptor_, 0) != 0 ||
      ::pwrite(descriptor_, content.data(), content.size(), 0) != static_cast<ssize_t>(content.size()))
    fail("writing to a file in memory");
}

void read_file_of(Input content, const std::function<void(const std::filesystem::path&)>& read) {
  static const MemoryFile file;
  file.write(content);
  const auto expect_path = [](const std::exception& error) {
    if (std::string(error.what()).find(file.path().string()) == std::string::npos)
      fail(concat("an error that does not name the file: ", error.what()));
  };
  try {
    read(file.path());
  } catch (const IoError& error) {
    expect_path(error);
  } catch (const apps::CheckpointError& error) {
    expect_path(error);
  }
}

Bytes written_by(const std::function<void(const std::filesystem::path&)>& write) {
  const data::ScratchFolder folder;
  const std::filesystem::path path = folder.path() / "file";
  write(path);
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

Bytes bytes_of(const std::string& text) { return {text.begin(), text.end()}; }
std::string text_of(Input input) { return {input.begin(), input.end()}; }

Bytes joined(std::uint8_t first, const Bytes& rest) {
  Bytes all{first};
  all.insert(all.end(), rest.begin(), rest.end());
  return all;
}

}  // namespace sluice::fuzz
