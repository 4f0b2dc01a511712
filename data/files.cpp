// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/files.h>

#include <zlib.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <sluice/base/error.h>

namespace sluice::data {
namespace {

// Ends the stream whatever happens.
struct Inflater {
  z_stream stream{};
  Inflater() {
    const int gzip_with_largest_window = 16 + MAX_WBITS;
    if (inflateInit2(&stream, gzip_with_largest_window) != Z_OK) throw OutOfMemory("zlib can't start to unpack");
  }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

}  // namespace

void throw_missing(const std::string& what, const Origin& origin) {
  throw IoError(concat(origin.title, ": ", what, ". It comes from ", origin.address, "; scripts/fetch_data.sh ",
                       origin.fetch, " fetches it"));
}

std::uint64_t file_size(const std::filesystem::path& path, const Origin& origin) {
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (status.type() == std::filesystem::file_type::not_found)
    throw_missing(concat("there is no ", path.string()), origin);
  if (error) throw IoError(concat(path.string(), ": ", error.message()));
  if (!std::filesystem::is_regular_file(status)) throw IoError(concat(path.string(), " is not a file"));
  const std::uint64_t size = std::filesystem::file_size(path, error);
  if (error) throw IoError(concat(path.string(), ": ", error.message()));
  return size;
}

std::vector<std::uint8_t> read_file(const std::filesystem::path& path, const Origin& origin) {
  std::vector<std::uint8_t> bytes(file_size(path, origin));
  std::ifstream in(path, std::ios::binary);
  if (!in) throw IoError(concat(path.string(), " can't be opened: ", std::strerror(errno)));
  in.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (static_cast<std::size_t>(in.gcount()) != bytes.size())
    throw IoError(concat(path.string(), ": reading stopped after ", in.gcount(), " of ", bytes.size(), " bytes"));
  return bytes;
}

std::vector<std::uint8_t> read_gzip(const std::filesystem::path& path, const Origin& origin, std::uint64_t most_bytes) {
  if (file_size(path, origin) > most_bytes)
    throw IoError(concat(path.string(), " is larger than ", most_bytes, " bytes"));
  std::vector<std::uint8_t> packed = read_file(path, origin);
  std::vector<std::uint8_t> unpacked(std::min<std::uint64_t>(4 * packed.size() + 64, most_bytes + 1));
  Inflater inflater;
  z_stream& stream = inflater.stream;
  stream.next_in = packed.data();
  stream.avail_in = static_cast<uInt>(packed.size());
  std::size_t size = 0;
  int state = Z_OK;
  while (state == Z_OK) {
    if (size == unpacked.size()) unpacked.resize(std::min<std::uint64_t>(2 * size, most_bytes + 1));
    stream.next_out = unpacked.data() + size;
    stream.avail_out = static_cast<uInt>(unpacked.size() - size);
    state = inflate(&stream, Z_NO_FLUSH);
    size = unpacked.size() - stream.avail_out;
    if (size > most_bytes) throw IoError(concat(path.string(), " unpacks to more than ", most_bytes, " bytes"));
  }
  if (state == Z_BUF_ERROR) throw IoError(concat(path.string(), " is truncated: its gzip stream has no end"));
  if (state != Z_STREAM_END)
    throw IoError(concat(path.string(), " is damaged: ", stream.msg != nullptr ? stream.msg : "not a gzip stream"));
  if (stream.avail_in > 0)
    throw IoError(concat(path.string(), " is oversized: ", stream.avail_in, " bytes follow its gzip stream"));
  unpacked.resize(size);
  return unpacked;
}

}  // namespace sluice::data
