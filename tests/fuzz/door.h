// SPDX-License-Identifier: Apache-2.0
// A door is a function through which bytes from outside come in: a reader of files or of command texts. Each has a file
// of its own here, and is entered in doors.cpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <span>
#include <string>
#include <vector>

namespace sluice::fuzz {

using Bytes = std::vector<std::uint8_t>;
using Input = std::span<const std::uint8_t>;

struct Door {
  std::string name;
  // Gives the input to the reader, which must take it or throw the error that it documents; fail() else.
  std::function<void(Input)> open;
  // What the reader takes, to start from.
  std::vector<Bytes> (*seeds)();
};

const std::vector<Door>& doors();

// Ends the process with that message.
[[noreturn]] void fail(const std::string& message);

// A file in memory.
class MemoryFile {
 public:
  MemoryFile();
  ~MemoryFile();
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void write(Input content) const;

 private:
  int descriptor_;
  std::filesystem::path path_;
};

// Calls `read` on the one file of this process with that content. An IoError or CheckpointError that names the file is
// right; another exception is a failure, as is one that does not name it.
void read_file_of(Input content, const std::function<void(const std::filesystem::path&)>& read);

// What `write` writes to a file.
Bytes written_by(const std::function<void(const std::filesystem::path&)>& write);

Bytes bytes_of(const std::string& text);
std::string text_of(Input input);
// `first`, which chooses among the forms of a door, and the rest.
Bytes joined(std::uint8_t first, const Bytes& rest);

}  // namespace sluice::fuzz
