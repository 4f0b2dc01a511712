// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/byte_stream.h>

#include <zlib.h>

#include <algorithm>
#include <limits>

namespace sluice::data {
namespace {

constexpr std::size_t kBufferBytes = 1 << 16;
// Deflate's shortest code, two bits, stands for 258 bytes at most; what zlib holds back is less than the rest.
constexpr std::uint64_t kMostUnpackedPerByte = 1032;
constexpr std::uint64_t kHeldByZlib = 1 << 16;

bool begins_as_gzip(std::span<const std::uint8_t> bytes) {
  return bytes.size() >= 2 && bytes[0] == 0x1f && bytes[1] == 0x8b;
}

}  // namespace

// Ends zlib's stream whatever happens.
struct ByteStream::Inflater {
  z_stream stream{};
  explicit Inflater(int window_bits) {
    if (inflateInit2(&stream, window_bits) != Z_OK) throw OutOfMemory("zlib can't start to unpack");
  }
  ~Inflater() { inflateEnd(&stream); }
  Inflater(const Inflater&) = delete;
  Inflater& operator=(const Inflater&) = delete;
};

ByteStream::ByteStream(File& file, std::uint64_t length, Packing packing) : file_(&file), left_(length) {
  refill();
  if (packing == Packing::zlib) inflater_ = std::make_unique<Inflater>(MAX_WBITS);
  if (packing == Packing::by_content && begins_as_gzip(buffer_)) inflater_ = std::make_unique<Inflater>(16 + MAX_WBITS);
}

ByteStream::~ByteStream() = default;
ByteStream::ByteStream(ByteStream&&) noexcept = default;
ByteStream& ByteStream::operator=(ByteStream&&) noexcept = default;

std::span<const std::uint8_t> ByteStream::beginning() const {
  return std::span(buffer_).first(std::min<std::size_t>(buffer_.size(), 512));
}

std::uint64_t ByteStream::most_left() const {
  const std::uint64_t here = left_ + (buffer_.size() - at_);
  if (!packed()) return here;
  if (ended_) return 0;
  constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();
  return here < (most - kHeldByZlib) / kMostUnpackedPerByte ? here * kMostUnpackedPerByte + kHeldByZlib : most;
}

void ByteStream::refill() {
  buffer_.resize(std::min<std::uint64_t>(left_, kBufferBytes));
  file_->read(buffer_.data(), buffer_.size());
  left_ -= buffer_.size();
  at_ = 0;
}

std::size_t ByteStream::read(std::span<std::uint8_t> to) {
  std::size_t got = 0;
  while (got < to.size()) {
    if (at_ == buffer_.size() && left_ > 0) refill();
    const std::span<std::uint8_t> rest = to.subspan(got);
    if (packed()) {
      if (ended_) break;
      got += unpack(rest);
    } else {
      const std::size_t count = std::min(rest.size(), buffer_.size() - at_);
      if (count == 0) break;
      std::copy_n(buffer_.begin() + static_cast<std::ptrdiff_t>(at_), count, rest.begin());
      at_ += count;
      got += count;
    }
  }
  return got;
}

std::size_t ByteStream::unpack(std::span<std::uint8_t> to) {
  z_stream& stream = inflater_->stream;
  const std::size_t room = std::min<std::size_t>(to.size(), std::numeric_limits<uInt>::max());
  stream.next_in = buffer_.data() + at_;
  stream.avail_in = static_cast<uInt>(buffer_.size() - at_);
  stream.next_out = to.data();
  stream.avail_out = static_cast<uInt>(room);
  const int state = inflate(&stream, Z_NO_FLUSH);
  at_ = buffer_.size() - stream.avail_in;
  const std::string path = file_->path().string();
  if (state == Z_STREAM_END) {
    ended_ = true;
    if (const std::uint64_t after = stream.avail_in + left_; after > 0)
      throw IoError(concat(path, " is oversized: ", after, " bytes follow its compressed data"));
  } else if (state == Z_BUF_ERROR) {
    throw IoError(concat(path, " is truncated: its compressed data has no end"));
  } else if (state == Z_MEM_ERROR) {
    throw OutOfMemory(concat(path, ": no memory to unpack it"));
  } else if (state != Z_OK) {
    throw IoError(concat(path, " is damaged: ", stream.msg != nullptr ? stream.msg : "its compressed data is invalid"));
  }
  return room - stream.avail_out;
}

}  // namespace sluice::data
