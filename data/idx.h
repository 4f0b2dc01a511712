// SPDX-License-Identifier: Apache-2.0
// IDX files, the format of the MNIST family: a magic number (0, 0, element type, rank), extents as big-endian words,
// and the elements. Source: https://yann.lecun.com/exdb/mnist, "The IDX file format".
#pragma once

#include <cstdint>
#include <filesystem>
#include <vector>

#include <sluice/data/files.h>

namespace sluice::data {

struct IdxArray {
  std::vector<std::int64_t> extents;
  std::vector<std::uint8_t> elements;
};

// Reads a file of bytes with that rank, 1 (labels) or 3 (images of 1 to 4096 pixels a side), packed by gzip or not: the
// bytes say which, not the name. Memory is taken as the elements come. Throws IoError that names the file: missing, of
// another kind, truncated, damaged, empty, or with more behind what its header announces.
IdxArray read_idx(const std::filesystem::path& path, const Origin& origin, std::size_t rank);

}  // namespace sluice::data
