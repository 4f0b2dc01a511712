// SPDX-License-Identifier: Apache-2.0
// Whole files into memory, with errors that say what to do.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

namespace sluice::data {

// Where a data set comes from, for the error that says it is missing.
struct Origin {
  std::string title;    // "CIFAR-10"
  std::string address;  // the official page
  std::string fetch;    // the name that scripts/fetch_data.sh knows it by
};

// Throws IoError: the file is missing (names the path and the origin), can't be read, or is not a file.
std::uint64_t file_size(const std::filesystem::path& path, const Origin& origin);
std::vector<std::uint8_t> read_file(const std::filesystem::path& path, const Origin& origin);

// The contents of a gzip file. Throws IoError also where it is truncated, damaged (its CRC disagrees), followed by
// something else, or unpacks to more than `most_bytes`.
std::vector<std::uint8_t> read_gzip(const std::filesystem::path& path, const Origin& origin,
                                    std::uint64_t most_bytes = std::uint64_t{1} << 30);

[[noreturn]] void throw_missing(const std::string& what, const Origin& origin);

}  // namespace sluice::data
