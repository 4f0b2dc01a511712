// SPDX-License-Identifier: Apache-2.0
// Numeric arrays of MATLAB's level 5 files, little-endian, compressed or not, one after another; only what is asked for
// is unpacked. Source: MathWorks, "MAT-File Format", chapter 1 "Level 5 MAT-Files".
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include <sluice/data/byte_stream.h>
#include <sluice/data/files.h>

namespace sluice::data {

// How elements are stored; a class of wider numbers is often stored in bytes.
enum class MatType : std::uint32_t { i8 = 1, u8, i16, u16, i32, u32, f32, f64 = 9, i64 = 12, u64 };

struct MatArray {
  std::string name;
  std::string class_name;             // "uint8", "double", ..., or "another kind" (of which no elements can be read)
  bool complex = false;               // then only the real parts can be read
  std::vector<std::int64_t> extents;  // the first runs fastest
  MatType type = MatType::u8;
  std::int64_t size = 0;  // elements
};

// Throws IoError that names the file, and the variable where there is one: missing, of another format or version,
// truncated, damaged, or with extents that disagree with the bytes that are there.
class MatFile {
 public:
  MatFile(const std::filesystem::path& path, const Origin& origin);

  // The next array of the file, whose elements can be read; nothing at the end. What was not read of the array before
  // it is passed over.
  std::optional<MatArray> next();
  // The next bytes of the array's elements, all of which are there unless it throws.
  void read(std::span<std::uint8_t> to);
  // The next element, whatever its type.
  double read_number();

 private:
  struct Tag {
    std::uint32_t type;
    std::uint32_t bytes;
    bool small;  // four bytes at most, beside the tag
  };

  template <class... Parts>
  [[noreturn]] void fail(const Parts&... parts) const;
  bool open_element();
  MatArray read_header();
  void take(void* to, std::size_t bytes);
  void pass(std::uint64_t bytes);
  Tag read_tag();
  std::vector<std::uint8_t> read_element(std::uint32_t type, std::uint32_t most_bytes, const char* what);
  void end_of_elements();

  std::string path_;
  File file_;
  std::uint64_t left_ = 0;  // bytes of the file behind the current element
  std::optional<ByteStream> stream_;
  std::uint64_t matrix_left_ = 0;    // of the current array, with everything
  std::uint64_t elements_left_ = 0;  // bytes
  std::uint64_t padding_ = 0;
  MatArray array_;
};

}  // namespace sluice::data
