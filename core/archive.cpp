// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/archive.h>

#include <algorithm>
#include <bit>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include <sluice/base/file.h>

namespace sluice {
namespace {

using Json = nlohmann::ordered_json;

static_assert(std::endian::native == std::endian::little, "safetensors holds little-endian elements");

constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;
constexpr const char* kMetadata = "__metadata__";

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

struct Entry {
  std::string name;
  std::optional<DType> dtype;  // none: to be left out
  std::vector<std::int64_t> extents;
  std::uint64_t begin = 0;  // bytes after the header
  std::uint64_t end = 0;
};

// Reads and checks one file's header.
class HeaderReader {
 public:
  HeaderReader(const std::filesystem::path& path, File& file) : path_(path), file_(file) {}

  // The entries in the order of their bytes, which they fill without gap.
  std::vector<Entry> read(std::map<std::string, std::string>& metadata) {
    const Json header = parse(read_text());
    check(header.is_object(), "its header is not a JSON object");
    std::vector<Entry> entries;
    for (const auto& [name, value] : header.items()) {
      if (name == kMetadata)
        read_metadata(value, metadata);
      else
        entries.push_back(read_entry(name, value));
    }
    std::ranges::stable_sort(
        entries, [](const Entry& a, const Entry& b) { return std::pair(a.begin, a.end) < std::pair(b.begin, b.end); });
    check_offsets(entries);
    return entries;
  }

 private:
  template <class... Parts>
  void check(bool holds, const Parts&... parts) const {
    if (!holds) throw IoError(concat(path_.string(), ": ", parts...));
  }

  std::string read_text() {
    const std::uint64_t size = file_.size();
    check(size >= 8, "expects 8 bytes of header length at least, got ", size, " bytes; not a safetensors file");
    std::uint64_t length = 0;
    file_.read(&length, sizeof length);
    check(length <= kMaxHeaderBytes, "its header claims ", length, " bytes, more than the limit of ", kMaxHeaderBytes,
          "; damaged, or not a safetensors file");
    check(length <= size - 8, "its header claims ", length, " bytes, but only ", size - 8,
          " follow; truncated or damaged");
    data_bytes_ = size - 8 - length;
    std::string text(length, '\0');
    file_.read(text.data(), length);
    return text;
  }

  // The library keeps the last of doubled keys in silence, so the keys of each depth are watched.
  Json parse(const std::string& text) const {
    constexpr int deepest = 3;  // the numbers of a shape
    std::set<std::string> keys[deepest + 1];
    const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
      check(depth <= deepest, "its header is nested too deeply");
      if (event == Json::parse_event_t::object_start) keys[std::min(depth + 1, deepest)].clear();
      if (event == Json::parse_event_t::key)
        check(keys[depth].insert(parsed.get<std::string>()).second, "its header has two entries '",
              parsed.get<std::string>(), "'");
      return true;
    };
    try {
      return Json::parse(text, watch);
    } catch (const Json::exception& error) {
      throw IoError(concat(path_.string(), ": its header is not valid JSON: ", error.what()));
    }
  }

  void read_metadata(const Json& value, std::map<std::string, std::string>& metadata) const {
    check(value.is_object(), kMetadata, " expects an object, got ", value.dump());
    for (const auto& [key, text] : value.items()) {
      check(text.is_string(), kMetadata, " '", key, "' expects a string, got ", text.dump());
      metadata[key] = text.get<std::string>();
    }
  }

  Entry read_entry(const std::string& name, const Json& value) const {
    const auto field = [&](const char* key) -> const Json& {
      check(value.contains(key), "entry '", name, "' has no ", key);
      return value[key];
    };
    check(!name.empty(), "an entry has no name");
    check(value.is_object(), "entry '", name, "' expects an object, got ", value.dump());
    Entry entry{.name = name};

    const Json& type = field("dtype");
    check(type.is_string(), "entry '", name, "': dtype expects a string, got ", type.dump());
    entry.dtype = dtype_named(type.get<std::string>());
    check(entry.dtype || type == "I64", "entry '", name, "': dtype expects F32, BF16, F64, I32, U8 or I64, got ",
          type.dump());

    const Json& shape = field("shape");
    check(shape.is_array() && shape.size() <= Shape::kMaxRank, "entry '", name, "': shape expects an array of ",
          Shape::kMaxRank, " numbers at most, got ", shape.dump());
    std::uint64_t bytes = entry.dtype ? size_of(*entry.dtype) : 8;
    for (const Json& extent : shape) {
      check(extent.is_number_unsigned(), "entry '", name, "': shape expects whole numbers from 0, got ", shape.dump());
      const auto count = extent.get<std::uint64_t>();
      check(count <= INT64_MAX && !__builtin_mul_overflow(bytes, count, &bytes), "entry '", name, "': shape ",
            shape.dump(), " is too large");
      entry.extents.push_back(static_cast<std::int64_t>(count));
    }

    const Json& offsets = field("data_offsets");
    check(
        offsets.is_array() && offsets.size() == 2 && offsets[0].is_number_unsigned() && offsets[1].is_number_unsigned(),
        "entry '", name, "': data_offsets expects two whole numbers from 0, got ", offsets.dump());
    entry.begin = offsets[0].get<std::uint64_t>();
    entry.end = offsets[1].get<std::uint64_t>();
    check(entry.begin <= entry.end && entry.end <= data_bytes_, "entry '", name,
          "': data_offsets expects [begin, end] within ", data_bytes_, " bytes of data, got ", offsets.dump(),
          "; truncated or damaged");
    check(entry.end - entry.begin == bytes, "entry '", name, "': ", type.dump(), " of shape ", shape.dump(),
          " expects ", bytes, " bytes, data_offsets ", offsets.dump(), " hold ", entry.end - entry.begin);
    return entry;
  }

  void check_offsets(const std::vector<Entry>& entries) const {
    std::uint64_t at = 0;
    for (const Entry& entry : entries) {
      check(entry.begin == at, "entry '", entry.name, "' expects to begin at byte ", at,
            " of the data, where the one before it ends, got ", entry.begin,
            entry.begin < at ? " (they overlap)" : " (a gap)");
      at = entry.end;
    }
    check(at == data_bytes_, "expects ", at, " bytes of data by its header, got ", data_bytes_);
  }

  const std::filesystem::path& path_;
  File& file_;
  std::uint64_t data_bytes_ = 0;
};

void check_names(const std::vector<NamedTensor>& tensors) {
  std::set<std::string> names;
  for (const NamedTensor& entry : tensors) {
    require(!entry.name.empty() && entry.name != kMetadata, "save_safetensors", "'", entry.name,
            "' can't name a tensor");
    require(names.insert(entry.name).second, "save_safetensors", "two tensors are named '", entry.name, "'");
    require(entry.tensor.defined(), "save_safetensors", "tensor '", entry.name, "' is undefined");
  }
}

std::string header_text(const std::vector<NamedTensor>& tensors, const std::map<std::string, std::string>& metadata) {
  Json header = Json::object();
  if (!metadata.empty()) header[kMetadata] = metadata;
  std::size_t at = 0;
  for (const NamedTensor& entry : tensors) {
    const std::span<const std::int64_t> extents = entry.tensor.shape().extents();
    header[entry.name] = {{"dtype", format_name(entry.tensor.dtype())},
                          {"shape", std::vector<std::int64_t>(extents.begin(), extents.end())},
                          {"data_offsets", {at, at + entry.tensor.bytes()}}};
    at += entry.tensor.bytes();
  }
  try {
    std::string text = header.dump();
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
  const std::string header = header_text(ordered, metadata);
  const std::uint64_t length = header.size();
  std::vector<std::span<const std::byte>> parts{std::as_bytes(std::span(&length, 1)), std::as_bytes(std::span(header))};
  for (const NamedTensor& entry : ordered)
    parts.emplace_back(static_cast<const std::byte*>(entry.tensor.raw()), entry.tensor.bytes());
  replace_file(path, parts);
}

Archive load_safetensors(const std::filesystem::path& path) {
  File file(path, File::Access::read);
  Archive archive;
  const std::vector<Entry> entries = HeaderReader(path, file).read(archive.metadata);
  for (const Entry& entry : entries) {
    if (!entry.dtype) {
      std::vector<std::byte> left_out(entry.end - entry.begin);
      file.read(left_out.data(), left_out.size());
      continue;
    }
    Tensor tensor = Tensor::empty(Shape(std::span<const std::int64_t>(entry.extents)), *entry.dtype);
    file.read(tensor.raw_to_write(), tensor.bytes());
    archive.tensors.push_back({entry.name, std::move(tensor)});
  }
  return archive;
}

}  // namespace sluice
