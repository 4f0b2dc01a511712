// SPDX-License-Identifier: Apache-2.0
// Writes level 5 MAT-files as MathWorks' "MAT-File Format" describes them, little endian; and packs them.
#pragma once

#include <zlib.h>

#include <cstdint>
#include <cstring>
#include <string>
#include <vector>

#include <sluice/base/error.h>

namespace sluice::data {

using Bytes = std::vector<std::uint8_t>;

// gzip: its header and trailer, as in .gz files; otherwise zlib's, as in MAT-files.
inline Bytes deflated(const Bytes& bytes, bool gzip) {
  Bytes packed(2 * bytes.size() + 100), copy = bytes;
  z_stream stream{};
  if (deflateInit2(&stream, 9, Z_DEFLATED, (gzip ? 16 : 0) + MAX_WBITS, 8, Z_DEFAULT_STRATEGY) != Z_OK)
    throw Error("deflateInit2");
  stream.next_in = copy.data();
  stream.avail_in = static_cast<uInt>(copy.size());
  stream.next_out = packed.data();
  stream.avail_out = static_cast<uInt>(packed.size());
  if (deflate(&stream, Z_FINISH) != Z_STREAM_END) throw Error("deflate");
  packed.resize(packed.size() - stream.avail_out);
  deflateEnd(&stream);
  return packed;
}

// Numbers of the format: classes of arrays, types of elements.
inline constexpr std::uint32_t kMatDoubleClass = 6, kMatU8Class = 9, kMatComplex = 0x0800;
inline constexpr std::uint32_t kMatU8 = 2, kMatDouble = 9;

class MatBytes {
 public:
  MatBytes() : bytes_(128, ' ') {
    const char text[] = "MATLAB 5.0 MAT-file";
    std::memcpy(bytes_.data(), text, sizeof text - 1);
    bytes_[124] = 0x00, bytes_[125] = 0x01, bytes_[126] = 'I', bytes_[127] = 'M';
  }

  // `flags` is the class, and kMatComplex where the array is complex.
  static Bytes matrix(const std::string& name, std::uint32_t flags, const std::vector<std::int32_t>& extents,
                      std::uint32_t type, const Bytes& data) {
    Bytes parts;
    append(parts, 6, words({flags, 0}));
    append(parts, 5, words({extents.begin(), extents.end()}));
    append(parts, 1, Bytes(name.begin(), name.end()));
    append(parts, type, data);
    Bytes whole;
    append(whole, 14, parts);
    return whole;
  }
  void add(const Bytes& element) { bytes_.insert(bytes_.end(), element.begin(), element.end()); }
  void add_packed(const Bytes& element) {
    const Bytes packed = deflated(element, false);
    add(words({15, static_cast<std::uint32_t>(packed.size())}));
    add(packed);
  }
  const Bytes& bytes() const { return bytes_; }

  static Bytes words(const std::vector<std::uint32_t>& values) {
    Bytes bytes(4 * values.size());
    std::memcpy(bytes.data(), values.data(), bytes.size());
    return bytes;
  }

 private:
  static void append(Bytes& to, std::uint32_t type, const Bytes& data) {
    const Bytes tag = words({type, static_cast<std::uint32_t>(data.size())});
    to.insert(to.end(), tag.begin(), tag.end());
    to.insert(to.end(), data.begin(), data.end());
    to.resize((to.size() + 7) / 8 * 8);
  }

  Bytes bytes_;
};

}  // namespace sluice::data
