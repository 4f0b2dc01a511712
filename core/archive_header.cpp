// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/archive_header.h>

#include <algorithm>
#include <nlohmann/json.hpp>
#include <optional>
#include <set>

#include <sluice/core/shape.h>

namespace sluice {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;
// The largest published models have a few thousand; more costs memory far beyond the file's own size.
constexpr std::int64_t kMaxEntries = 100'000;
// Of the JSON parser; an entry has less than twenty.
constexpr std::int64_t kMaxEvents = 32 * kMaxEntries;

std::optional<std::uint64_t> bytes_of_type(const std::string& type) {
  static const std::map<std::string, std::uint64_t> sizes{
      {"BOOL", 1}, {"U8", 1},  {"I8", 1},  {"F8_E4M3", 1}, {"F8_E5M2", 1}, {"I16", 2}, {"U16", 2}, {"F16", 2},
      {"BF16", 2}, {"I32", 4}, {"U32", 4}, {"F32", 4},     {"I64", 8},     {"U64", 8}, {"F64", 8}};
  const auto found = sizes.find(type);
  return found == sizes.end() ? std::nullopt : std::optional(found->second);
}

// A value of the file in a message, cut where it is long; made only where the message is.
struct Shown {
  const Json& json;
  friend std::ostream& operator<<(std::ostream& out, const Shown& shown) {
    constexpr std::size_t most = 200;
    const std::string text = shown.json.dump(-1, ' ', false, Json::error_handler_t::replace);
    return out << text.substr(0, most) << (text.size() > most ? "..." : "");
  }
};

struct Name {
  const std::string& text;
  friend std::ostream& operator<<(std::ostream& out, const Name& name) {
    constexpr std::size_t most = 200;
    return out << "'" << name.text.substr(0, most) << (name.text.size() > most ? "..." : "") << "'";
  }
};

class HeaderReader {
 public:
  HeaderReader(const std::filesystem::path& path, File& file) : path_(path), file_(file) {}

  ArchiveHeader read() {
    ArchiveHeader header{.text = read_text()};
    const Json json = parse(header.text);
    check(json.is_object(), "its header is not a JSON object");
    for (const auto& [name, value] : json.items()) {
      if (name == kArchiveMetadata)
        read_metadata(value, header.metadata);
      else
        header.entries.push_back(read_entry(name, value));
    }
    std::ranges::stable_sort(header.entries, [](const ArchiveEntry& a, const ArchiveEntry& b) {
      return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
    });
    check_offsets(header.entries);
    return header;
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
    std::int64_t events = 0;
    const auto watch = [&](int depth, Json::parse_event_t event, Json& parsed) {
      check(depth <= deepest, "its header is nested too deeply");
      check(++events <= kMaxEvents && keys[1].size() <= kMaxEntries, "its header has more than the limit of ",
            kMaxEntries, " entries");
      if (event == Json::parse_event_t::object_start) keys[std::min(depth + 1, deepest)].clear();
      if (event == Json::parse_event_t::key)
        check(keys[depth].insert(parsed.get<std::string>()).second, "its header has two entries ",
              Name{parsed.get_ref<const std::string&>()});
      return true;
    };
    try {
      return Json::parse(text, watch);
    } catch (const Json::exception& error) {
      throw IoError(concat(path_.string(), ": its header is not valid JSON: ", std::string(error.what(), 0, 300)));
    }
  }

  void read_metadata(const Json& value, std::map<std::string, std::string>& metadata) const {
    check(value.is_object(), kArchiveMetadata, " expects an object, got ", Shown{value});
    for (const auto& [key, text] : value.items()) {
      check(text.is_string(), kArchiveMetadata, " ", Name{key}, " expects a string, got ", Shown{text});
      metadata[key] = text.get<std::string>();
    }
  }

  ArchiveEntry read_entry(const std::string& name, const Json& value) const {
    const Name shown{name};
    const auto field = [&](const char* key) -> const Json& {
      const auto found = value.find(key);
      check(found != value.end(), "entry ", shown, " has no ", key);
      return *found;
    };
    check(!name.empty(), "an entry has no name");
    check(value.is_object(), "entry ", shown, " expects an object, got ", Shown{value});
    ArchiveEntry entry{.name = name};

    const Json& type = field("dtype");
    check(type.is_string(), "entry ", shown, ": dtype expects a string, got ", Shown{type});
    entry.type = type.get<std::string>();

    const Json& shape = field("shape");
    check(shape.is_array() && shape.size() <= Shape::kMaxRank, "entry ", shown, ": shape expects an array of ",
          Shape::kMaxRank, " numbers at most, got ", Shown{shape});
    std::uint64_t elements = 1;
    for (const Json& extent : shape) {
      check(extent.is_number_unsigned(), "entry ", shown, ": shape expects whole numbers from 0, got ", Shown{shape});
      const auto count = extent.get<std::uint64_t>();
      check(count < Shape::kMaxSize, "entry ", shown, ": shape ", Shown{shape}, " is too large");
      entry.extents.push_back(static_cast<std::int64_t>(count));
      elements *= count;  // modulo 2^64 until it is known to be countable
    }
    check(Shape::countable(entry.extents), "entry ", shown, ": shape ", Shown{shape}, " is too large");

    const Json& offsets = field("data_offsets");
    check(
        offsets.is_array() && offsets.size() == 2 && offsets[0].is_number_unsigned() && offsets[1].is_number_unsigned(),
        "entry ", shown, ": data_offsets expects two whole numbers from 0, got ", Shown{offsets});
    entry.begin = offsets[0].get<std::uint64_t>();
    entry.end = offsets[1].get<std::uint64_t>();
    check(entry.begin <= entry.end && entry.end <= data_bytes_, "entry ", shown,
          ": data_offsets expects [begin, end] within ", data_bytes_, " bytes of data, got ", Shown{offsets},
          "; truncated or damaged");
    if (const auto element = bytes_of_type(entry.type))
      check(entry.end - entry.begin == *element * elements, "entry ", shown, ": ", Shown{type}, " of shape ",
            Shown{shape}, " expects ", *element * elements, " bytes, data_offsets ", Shown{offsets}, " hold ",
            entry.end - entry.begin);
    return entry;
  }

  void check_offsets(const std::vector<ArchiveEntry>& entries) const {
    std::uint64_t at = 0;
    for (const ArchiveEntry& entry : entries) {
      check(entry.begin == at, "entry ", Name{entry.name}, " expects to begin at byte ", at,
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

}  // namespace

ArchiveHeader read_archive_header(const std::filesystem::path& path, File& file) {
  return HeaderReader(path, file).read();
}

}  // namespace sluice
