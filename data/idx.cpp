// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/idx.h>

#include <algorithm>
#include <array>

#include <sluice/base/error.h>
#include <sluice/data/byte_stream.h>

namespace sluice::data {
namespace {

constexpr std::uint32_t kBytes = 0x0800;  // the magic number of bytes, without the rank
constexpr std::size_t kMostRank = 3;
constexpr std::int64_t kLargestSide = 4096;
constexpr std::size_t kPart = 1 << 20;

std::uint32_t big_endian(const std::uint8_t* bytes) {
  return std::uint32_t{bytes[0]} << 24 | std::uint32_t{bytes[1]} << 16 | std::uint32_t{bytes[2]} << 8 | bytes[3];
}

}  // namespace

IdxArray read_idx(const std::filesystem::path& path, const Origin& origin, std::size_t rank) {
  File file = open_file(path, origin);
  ByteStream stream(file, file.size(), ByteStream::Packing::by_content);
  const std::string name = path.string();
  const std::string found = looks_like(stream.beginning());
  std::array<std::uint8_t, 4 + 4 * kMostRank> header{};
  const std::size_t header_bytes = 4 + 4 * rank;
  const std::size_t read = stream.read(std::span(header).first(header_bytes));
  const std::uint32_t magic = kBytes | static_cast<std::uint32_t>(rank);
  if (read >= 4 && big_endian(header.data()) != magic)
    throw IoError(concat(name, " has a wrong magic number: expected ", magic, " (IDX, bytes of rank ", rank, "), got ",
                         big_endian(header.data()), stream.packed() ? "" : found));
  if (read < header_bytes)
    throw IoError(concat(name, " is truncated: its header takes ", header_bytes, " bytes, it has ", read));
  IdxArray array;
  std::uint64_t expected = 1;  // at most 2^32 * 2^12 * 2^12
  for (std::size_t axis = 0; axis < rank; ++axis) {
    const std::int64_t extent = big_endian(header.data() + 4 + 4 * axis);
    if (axis > 0 && (extent < 1 || extent > kLargestSide))
      throw IoError(concat(name, ": an image side of ", extent, " pixels; expected 1 to ", kLargestSide));
    array.extents.push_back(extent);
    expected *= static_cast<std::uint64_t>(extent);
  }
  if (expected == 0) throw IoError(concat(name, " is empty: its header announces no data"));
  const std::uint64_t most = stream.most_left();
  if (expected > most)
    throw IoError(concat(name, " is truncated: its header announces ", expected, " bytes of data, it has ",
                         stream.packed() ? "no more than " : "", most));
  while (array.elements.size() < expected) {
    const std::size_t before = array.elements.size();
    if (before == array.elements.capacity())
      array.elements.reserve(std::min<std::uint64_t>(expected, std::max<std::size_t>(2 * before, kPart)));
    array.elements.resize(std::min<std::uint64_t>(expected, before + kPart));
    const std::span<std::uint8_t> part = std::span(array.elements).subspan(before);
    if (const std::size_t got = stream.read(part); got < part.size())
      throw IoError(
          concat(name, " is truncated: its header announces ", expected, " bytes of data, it has ", before + got));
  }
  std::uint8_t behind = 0;
  if (stream.read(std::span(&behind, 1)) > 0)
    throw IoError(concat(name, " is oversized: its header announces ", expected, " bytes of data, it has ",
                         stream.packed() ? std::string("more") : concat(expected + 1 + stream.most_left())));
  return array;
}

}  // namespace sluice::data
