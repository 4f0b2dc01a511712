// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/mat_file.h>

#include <array>
#include <bit>
#include <cstring>

#include <sluice/base/error.h>

namespace sluice::data {
namespace {

static_assert(std::endian::native == std::endian::little, "files of little-endian numbers are read as they are");

// Types of elements that are no numbers of an array.
constexpr std::uint32_t kMatrix = 14, kCompressed = 15;
constexpr std::size_t kFileHeader = 128;
constexpr std::uint32_t kMostExtents = 32, kMostName = 256;
constexpr std::uint32_t kComplexFlag = 0x0800;
// Classes from double to uint64 hold numbers; those from function on have no name where the others have it.
constexpr std::uint32_t kFirstNumeric = 6, kLastNumeric = 15;
constexpr const char* kClassNames[] = {"double", "single", "int8",   "uint8", "int16",
                                       "uint16", "int32",  "uint32", "int64", "uint64"};

std::uint64_t size_of(MatType type) {
  switch (type) {
    case MatType::i8:
    case MatType::u8: return 1;
    case MatType::i16:
    case MatType::u16: return 2;
    case MatType::i32:
    case MatType::u32:
    case MatType::f32: return 4;
    case MatType::f64:
    case MatType::i64:
    case MatType::u64: return 8;
  }
  return 0;
}

template <class T>
double number_in(const std::uint8_t* bytes) {
  T value;
  std::memcpy(&value, bytes, sizeof value);
  return static_cast<double>(value);
}

std::uint64_t padding_of(std::uint64_t bytes) { return (8 - bytes % 8) % 8; }

}  // namespace

template <class... Parts>
void MatFile::fail(const Parts&... parts) const {
  throw IoError(concat(path_, " is damaged or truncated: ", array_.name.empty() ? "" : "variable " + array_.name + ": ",
                       parts...));
}

MatFile::MatFile(const std::filesystem::path& path, const Origin& origin)
    : path_(path.string()), file_(open_file(path, origin)), left_(file_.size()) {
  std::array<std::uint8_t, kFileHeader> header{};
  const std::size_t there = left_ < kFileHeader ? static_cast<std::size_t>(left_) : kFileHeader;
  file_.read(header.data(), there);
  left_ -= there;
  constexpr std::uint8_t level5[] = {0x00, 0x01, 'I', 'M'};
  constexpr std::uint8_t other_order[] = {0x01, 0x00, 'M', 'I'};
  if (std::memcmp(header.data() + 124, other_order, sizeof other_order) == 0)
    throw IoError(concat(path_, " holds big-endian numbers; expected a little-endian file, as the official ones are"));
  if (std::memcmp(header.data() + 124, level5, sizeof level5) != 0)
    throw IoError(concat(path_, " is damaged, or no MATLAB file of level 5 (save -v7)",
                         looks_like(std::span(header).first(there))));
}

std::optional<MatArray> MatFile::next() {
  for (;;) {
    if (stream_) {
      file_.skip(stream_->left_in_file());
      stream_.reset();
    }
    array_ = {};
    elements_left_ = 0;
    if (left_ == 0) return std::nullopt;
    if (!open_element()) continue;
    array_ = read_header();
    if (!array_.name.empty()) return array_;
  }
}

// Of the file's next element; false where it is no array.
bool MatFile::open_element() {
  std::uint32_t tag[2];
  if (left_ < sizeof tag) fail(left_, " bytes after the last variable");
  file_.read(tag, sizeof tag);
  left_ -= sizeof tag;
  const auto [type, bytes] = tag;
  if (bytes > left_) fail("a variable announces ", bytes, " bytes, ", left_, " follow");
  left_ -= bytes;
  if (type != kMatrix && type != kCompressed) {
    file_.skip(bytes);
    return false;
  }
  stream_.emplace(file_, bytes, type == kCompressed ? ByteStream::Packing::zlib : ByteStream::Packing::none);
  matrix_left_ = bytes;
  if (type == kCompressed) {
    matrix_left_ = sizeof tag;
    take(tag, sizeof tag);
    if (tag[0] != kMatrix) fail("its compressed data is no variable");
    matrix_left_ = tag[1];
  }
  return true;
}

void MatFile::take(void* to, std::size_t bytes) {
  if (bytes > matrix_left_) fail("a part of ", bytes, " bytes where ", matrix_left_, " are left");
  matrix_left_ -= bytes;
  const std::size_t got = stream_->read(std::span(static_cast<std::uint8_t*>(to), bytes));
  if (got < bytes) fail("it ends ", bytes - got, " bytes too early");
}

void MatFile::pass(std::uint64_t bytes) {
  std::uint8_t padding[8];
  take(padding, static_cast<std::size_t>(bytes));
}

MatFile::Tag MatFile::read_tag() {
  std::uint32_t words[2];
  take(&words[0], 4);
  if (const std::uint32_t bytes = words[0] >> 16; bytes != 0) {
    if (bytes > 4) fail("a small part of ", bytes, " bytes; expected 4 at most");
    return {words[0] & 0xffff, bytes, true};
  }
  take(&words[1], 4);
  return {words[0], words[1], false};
}

std::vector<std::uint8_t> MatFile::read_element(std::uint32_t type, std::uint32_t most_bytes, const char* what) {
  const Tag tag = read_tag();
  if (tag.type != type || tag.bytes > most_bytes)
    fail(what, " expects ", most_bytes, " bytes at most of type ", type, ", got ", tag.bytes, " of type ", tag.type);
  std::vector<std::uint8_t> bytes(tag.bytes);
  take(bytes.data(), bytes.size());
  pass(tag.small ? 4 - tag.bytes : padding_of(tag.bytes));
  return bytes;
}

MatArray MatFile::read_header() {
  MatArray array;
  const std::vector<std::uint8_t> flag_bytes = read_element(6, 8, "flags");
  if (flag_bytes.size() != 8) fail("flags of ", flag_bytes.size(), " bytes; expected 8");
  std::uint32_t flags = 0;
  std::memcpy(&flags, flag_bytes.data(), sizeof flags);
  const std::uint32_t matrix_class = flags & 0xff;
  if (matrix_class > kLastNumeric) return array;  // without a name: it is passed over
  array.complex = (flags & kComplexFlag) != 0;

  const std::vector<std::uint8_t> extents = read_element(5, 4 * kMostExtents, "extents");
  if (extents.size() < 8 || extents.size() % 4 != 0) fail("extents of ", extents.size(), " bytes");
  constexpr std::int64_t most_elements = std::int64_t{1} << 40;
  array.size = 1;
  for (std::size_t axis = 0; axis < extents.size() / 4; ++axis) {
    std::int32_t extent = 0;
    std::memcpy(&extent, extents.data() + 4 * axis, sizeof extent);
    if (extent < 0 || (extent > 0 && array.size > most_elements / extent)) fail("extent ", extent, " of axis ", axis);
    array.extents.push_back(extent);
    array.size *= extent;
  }
  const std::vector<std::uint8_t> name = read_element(1, kMostName, "a name");
  array.name.assign(name.begin(), name.end());
  array.class_name = "another kind";
  if (array.name.empty() || matrix_class < kFirstNumeric) return array;
  array.class_name = kClassNames[matrix_class - kFirstNumeric];
  array_.name = array.name;

  const Tag tag = read_tag();
  array.type = MatType{tag.type};
  const std::uint64_t size = size_of(array.type);
  const std::uint64_t expected = size * static_cast<std::uint64_t>(array.size);
  if (size == 0) fail("elements of the unknown type ", tag.type);
  if (tag.bytes != expected) fail("its extents announce ", expected, " bytes of elements, it has ", tag.bytes);
  if (const std::uint64_t most = std::min(matrix_left_, stream_->most_left()); expected > most)
    fail("its extents announce ", expected, " bytes of elements, no more than ", most, " follow");
  elements_left_ = expected;
  padding_ = tag.small ? 4 - tag.bytes : padding_of(tag.bytes);
  return array;
}

void MatFile::read(std::span<std::uint8_t> to) {
  if (to.size() > elements_left_) fail("no more elements");
  take(to.data(), to.size());
  elements_left_ -= to.size();
  if (elements_left_ == 0 && !to.empty()) end_of_elements();
}

// Imaginary parts may follow. Reading to the end compares the checksum of what was packed.
void MatFile::end_of_elements() {
  // Some writers leave out the padding of the last part.
  if (array_.complex) return;
  if (matrix_left_ >= padding_) pass(padding_);
  std::uint8_t behind = 0;
  if (matrix_left_ > 0 || stream_->read(std::span(&behind, 1)) > 0) fail("more bytes follow its elements");
}

double MatFile::read_number() {
  std::uint8_t bytes[8];
  read(std::span(bytes).first(size_of(array_.type)));
  switch (array_.type) {
    case MatType::i8: return number_in<std::int8_t>(bytes);
    case MatType::u8: return number_in<std::uint8_t>(bytes);
    case MatType::i16: return number_in<std::int16_t>(bytes);
    case MatType::u16: return number_in<std::uint16_t>(bytes);
    case MatType::i32: return number_in<std::int32_t>(bytes);
    case MatType::u32: return number_in<std::uint32_t>(bytes);
    case MatType::f32: return number_in<float>(bytes);
    case MatType::f64: return number_in<double>(bytes);
    case MatType::i64: return number_in<std::int64_t>(bytes);
    case MatType::u64: return number_in<std::uint64_t>(bytes);
  }
  return 0;
}

}  // namespace sluice::data
