// SPDX-License-Identifier: Apache-2.0
// What the readers of data sets share: opening a file, and errors that say what was found and what to do.
#pragma once

#include <cstdint>
#include <filesystem>
#include <span>
#include <string>

#include <sluice/base/file.h>

namespace sluice::data {

// Where a data set comes from, for the error that says it is missing.
struct Origin {
  std::string title;    // "CIFAR-10"
  std::string address;  // the official page
  std::string fetch;    // the name that scripts/fetch_data.sh knows it by
};

// Throws IoError: the file is missing (names the path and the origin), can't be opened, or is no regular file.
File open_file(const std::filesystem::path& path, const Origin& origin);

// What a file is by its first bytes, for a message: ", it begins like a web page", or nothing where it is not known.
std::string looks_like(std::span<const std::uint8_t> beginning);

[[noreturn]] void throw_missing(const std::string& what, const Origin& origin);

}  // namespace sluice::data
