// SPDX-License-Identifier: Apache-2.0
// The header of a safetensors file, read with every field checked; archive.h says what the format is.
#pragma once

#include <cstdint>
#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include <sluice/base/file.h>

namespace sluice {

inline constexpr const char* kArchiveMetadata = "__metadata__";

struct ArchiveEntry {
  std::string name;
  std::string type;  // "F32"
  std::vector<std::int64_t> extents;
  std::uint64_t begin = 0;  // bytes after the header
  std::uint64_t end = 0;
};

struct ArchiveHeader {
  std::string text;                   // as it stands in the file
  std::vector<ArchiveEntry> entries;  // in the order of their bytes, which they fill without a gap
  std::map<std::string, std::string> metadata;
};

// Leaves `file` at the first element. Extents keep to Shape::countable and agree with the bytes for every type of the
// format; a type that the format did not have when this was written may have any number of them. Throws IoError that
// names the path, the entry, what was expected and what was found.
ArchiveHeader read_archive_header(const std::filesystem::path& path, File& file);

}  // namespace sluice
