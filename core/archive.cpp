// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/archive.h>

#include <zlib.h>

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include <sluice/base/file.h>
#include <sluice/core/archive_header.h>

namespace sluice {
namespace {

using Json = nlohmann::json;

static_assert(std::endian::native == std::endian::little, "safetensors holds little-endian elements");

// Among the metadata: CRC-32 in hexadecimal digits of the header, with zeros for these digits, and the elements.
constexpr const char* kChecksum = "sluice.crc32";
constexpr std::size_t kDigits = 8;
constexpr const char* kHalf = "F16";

constexpr const char* format_name(DType dtype) {
  switch (dtype) {
    case DType::f32: return "F32";
    case DType::bf16: return "BF16";
    case DType::f64: return "F64";
    case DType::i32: return "I32";
    case DType::u8: return "U8";
  }
  return "?";
}

std::optional<DType> dtype_named(const std::string& name) {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64, DType::i32, DType::u8})
    if (name == format_name(dtype)) return dtype;
  return std::nullopt;
}

// IEEE 754 binary16, every value of which is a float.
float float_of_half(std::uint16_t half) {
  const std::uint32_t sign = (half & 0x8000u) << 16, exponent = half >> 10 & 0x1f, fraction = half & 0x3ff;
  if (exponent == 0) return std::copysign(std::ldexp(static_cast<float>(fraction), -24), sign != 0 ? -1.0f : 1.0f);
  const std::uint32_t biased = exponent == 0x1f ? 0xff : exponent + (127 - 15);
  return std::bit_cast<float>(sign | biased << 23 | fraction << 13);
}

class Crc {
 public:
  void add(const void* bytes, std::size_t count) {
    // Of a null pointer, which an empty tensor has, zlib makes the first checksum.
    if (count > 0) crc_ = crc32_z(crc_, static_cast<const Bytef*>(bytes), count);
  }
  std::string text() const {
    std::string digits(kDigits, '0');
    for (std::size_t i = 0; i < kDigits; ++i) digits[i] = "0123456789abcdef"[crc_ >> 4 * (kDigits - 1 - i) & 0xf];
    return digits;
  }

 private:
  uLong crc_ = crc32_z(0, nullptr, 0);
};

// Where the digits of the checksum stand in a header that this file wrote. Quotes within names are escaped, so that
// this is found nowhere else.
std::size_t digits_in(const std::string& header) {
  const std::string before = concat('"', kChecksum, "\":\"");
  const std::size_t at = header.find(before);
  return at == std::string::npos ? at : at + before.size();
}

// Reads the elements, watching the checksum where the header has one.
class ElementReader {
 public:
  ElementReader(const std::filesystem::path& path, File& file, const ArchiveHeader& header) : path_(path), file_(file) {
    const auto expected = header.metadata.find(kChecksum);
    const std::size_t at = digits_in(header.text);
    if (expected == header.metadata.end() || at == std::string::npos || at + kDigits > header.text.size()) return;
    expected_ = expected->second;
    std::string text = header.text;
    text.replace(at, kDigits, kDigits, '0');
    crc_.add(text.data(), text.size());
  }

  void read(void* to, std::size_t bytes) {
    file_.read(to, bytes);
    if (expected_) crc_.add(to, bytes);
  }
  void skip(std::uint64_t bytes) {
    std::vector<std::byte> part(std::min<std::uint64_t>(bytes, 1 << 20));
    for (; bytes > 0; bytes -= part.size()) {
      part.resize(std::min<std::uint64_t>(bytes, part.size()));
      read(part.data(), part.size());
    }
  }
  void finish() const {
    if (expected_ && *expected_ != crc_.text())
      throw IoError(concat(path_.string(), " is damaged: its checksum is ", crc_.text(), ", expected ", *expected_,
                           ". (A program that wrote other elements must drop '", kChecksum, "' from the metadata)"));
  }

 private:
  const std::filesystem::path& path_;
  File& file_;
  std::optional<std::string> expected_;
  Crc crc_;
};

Tensor read_halves(const Shape& shape, ElementReader& elements) {
  Tensor tensor = Tensor::empty(shape, DType::f32);
  auto* values = static_cast<float*>(tensor.raw_to_write());
  std::vector<std::uint16_t> halves(static_cast<std::size_t>(shape.size()));
  elements.read(halves.data(), halves.size() * sizeof(std::uint16_t));
  std::ranges::transform(halves, values, float_of_half);
  return tensor;
}

void check_names(const std::vector<NamedTensor>& tensors) {
  std::set<std::string> names;
  for (const NamedTensor& entry : tensors) {
    require(!entry.name.empty() && entry.name != kArchiveMetadata, "save_safetensors", "'", entry.name,
            "' can't name a tensor");
    require(names.insert(entry.name).second, "save_safetensors", "two tensors are named '", entry.name, "'");
    require(entry.tensor.defined(), "save_safetensors", "tensor '", entry.name, "' is undefined");
  }
}

// With zeros for the checksum.
std::string header_text(const std::vector<NamedTensor>& tensors, std::map<std::string, std::string> metadata) {
  metadata[kChecksum] = std::string(kDigits, '0');
  try {
    std::string text = concat("{\"", kArchiveMetadata, "\":", Json(metadata).dump());
    std::size_t at = 0;
    for (const NamedTensor& entry : tensors) {
      const std::span<const std::int64_t> extents = entry.tensor.shape().extents();
      const Json about{{"dtype", format_name(entry.tensor.dtype())},
                       {"shape", std::vector<std::int64_t>(extents.begin(), extents.end())},
                       {"data_offsets", {at, at + entry.tensor.bytes()}}};
      text += "," + Json(entry.name).dump() + ":" + about.dump();
      at += entry.tensor.bytes();
    }
    text += "}";
    // The elements begin at a multiple of 8 bytes.
    text.append((8 - text.size() % 8) % 8, ' ');
    return text;
  } catch (const Json::exception& error) {
    throw std::invalid_argument(concat("[save_safetensors] names and metadata must be UTF-8: ", error.what()));
  }
}

}  // namespace

void save_safetensors(const std::filesystem::path& path, const std::vector<NamedTensor>& tensors,
                      const std::map<std::string, std::string>& metadata) {
  check_names(tensors);
  std::vector<NamedTensor> ordered = tensors;
  for (NamedTensor& entry : ordered) entry.tensor = entry.tensor.to(Device{});
  std::ranges::stable_sort(ordered, std::ranges::greater{},
                           [](const NamedTensor& entry) { return size_of(entry.tensor.dtype()); });
  std::string header = header_text(ordered, metadata);
  Crc crc;
  crc.add(header.data(), header.size());
  for (const NamedTensor& entry : ordered) crc.add(entry.tensor.raw(), entry.tensor.bytes());
  header.replace(digits_in(header), kDigits, crc.text());
  const std::uint64_t length = header.size();
  std::vector<std::span<const std::byte>> parts{std::as_bytes(std::span(&length, 1)), std::as_bytes(std::span(header))};
  for (const NamedTensor& entry : ordered)
    parts.emplace_back(static_cast<const std::byte*>(entry.tensor.raw()), entry.tensor.bytes());
  replace_file(path, parts);
}

Archive load_safetensors(const std::filesystem::path& path) {
  File file(path, File::Access::read);
  ArchiveHeader header = read_archive_header(path, file);
  ElementReader elements(path, file, header);
  Archive archive;
  for (const ArchiveEntry& entry : header.entries) {
    const Shape shape{std::span<const std::int64_t>(entry.extents)};
    if (const std::optional<DType> dtype = dtype_named(entry.type)) {
      Tensor tensor = Tensor::empty(shape, *dtype);
      elements.read(tensor.raw_to_write(), tensor.bytes());
      archive.tensors.push_back({entry.name, std::move(tensor)});
    } else if (entry.type == kHalf) {
      archive.tensors.push_back({entry.name, read_halves(shape, elements)});
    } else {
      elements.skip(entry.end - entry.begin);
      archive.left_out[entry.name] = entry.type;
    }
  }
  elements.finish();
  archive.metadata = std::move(header.metadata);
  archive.metadata.erase(kChecksum);
  return archive;
}

}  // namespace sluice
