// SPDX-License-Identifier: Apache-2.0
// The bytes of a part of a file, one after another, unpacked on the way where they are packed: no more is in memory
// than what was asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include <sluice/base/file.h>

namespace sluice::data {

class ByteStream {
 public:
  enum class Packing {
    by_content,  // gzip where the bytes begin as gzip does, else none
    none,
    zlib,
  };

  // Over the next `length` bytes of `file`, which must outlive this.
  ByteStream(File& file, std::uint64_t length, Packing packing);
  ~ByteStream();
  ByteStream(ByteStream&&) noexcept;
  ByteStream& operator=(ByteStream&&) noexcept;

  bool packed() const { return inflater_ != nullptr; }
  // The first bytes of the file's part as they stand there, 512 at most; only before anything was read.
  std::span<const std::uint8_t> beginning() const;
  // The next bytes; fewer than `to` has only where the part ends. Throws IoError that names the file where packed bytes
  // are truncated, damaged (their checksum disagrees) or followed by others.
  std::size_t read(std::span<std::uint8_t> to);
  // No more than this many bytes are still to come; exact where nothing is packed.
  std::uint64_t most_left() const;
  // Bytes of the part that are still in the file.
  std::uint64_t left_in_file() const { return left_; }

 private:
  struct Inflater;

  void refill();
  std::size_t unpack(std::span<std::uint8_t> to);

  File* file_;
  std::uint64_t left_;
  std::vector<std::uint8_t> buffer_;
  std::size_t at_ = 0;  // in buffer_
  bool ended_ = false;
  std::unique_ptr<Inflater> inflater_;
};

}  // namespace sluice::data
