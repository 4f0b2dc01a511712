// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/archive_header.h>

#include <algorithm>
#include <functional>
#include <nlohmann/json.hpp>
#include <optional>
#include <unordered_set>

#include <sluice/core/shape.h>

namespace sluice {
namespace {

using Json = nlohmann::json;

constexpr std::uint64_t kMaxHeaderBytes = 100'000'000;
// The largest published models have a few thousand; more costs memory far beyond the file's own size.
constexpr std::size_t kMaxEntries = 100'000;
// Numbers and strings in one entry, of which the format has twelve at most.
constexpr std::size_t kMaxEntryValues = 64;
constexpr std::size_t kDeepest = 3;  // the numbers of a shape

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

// Takes the header apart while it is parsed: hands over each value of the outermost object as soon as it is whole. (A
// parsed tree of the whole header would cost more memory than the file, and keep the last of doubled keys in silence.)
class HeaderSax : public nlohmann::json_sax<Json> {
 public:
  using Take = std::function<void(const std::string& name, const Json& value)>;

  HeaderSax(std::string path, Take take) : path_(std::move(path)), take_(std::move(take)) {}

  bool null() override { return scalar(nullptr); }
  bool boolean(bool value) override { return scalar(value); }
  bool number_integer(std::int64_t value) override { return scalar(value); }
  bool number_unsigned(std::uint64_t value) override { return scalar(value); }
  bool number_float(double value, const std::string&) override { return scalar(value); }
  bool string(std::string& value) override { return scalar(std::move(value)); }
  bool binary(Json::binary_t&) override { return false; }  // JSON text has none
  bool start_object(std::size_t) override { return start(Json::object()); }
  bool start_array(std::size_t) override { return start(Json::array()); }
  bool end_object() override { return end(); }
  bool end_array() override { return end(); }

  bool key(std::string& key) override {
    const bool fresh = open_.empty() ? names_.insert(key).second : !open_.back()->contains(key);
    check(fresh, "its header has two entries ", Name{key});
    if (open_.empty()) {
      check(names_.size() <= kMaxEntries, "its header has more than the limit of ", kMaxEntries, " entries");
      values_ = 0;
      name_ = std::move(key);
    } else {
      key_ = std::move(key);
    }
    return true;
  }

  bool parse_error(std::size_t, const std::string&, const Json::exception& error) override {
    throw IoError(concat(path_, ": its header is not valid JSON: ", std::string(error.what()).substr(0, 300)));
  }

 private:
  template <class... Parts>
  void check(bool holds, const Parts&... parts) const {
    if (!holds) throw IoError(concat(path_, ": ", parts...));
  }

  bool scalar(Json value) {
    check(inside_, "its header is not a JSON object");
    place(std::move(value));
    if (open_.empty()) take_(name_, entry_);
    return true;
  }

  bool start(Json container) {
    if (!inside_) {
      check(container.is_object(), "its header is not a JSON object");
      inside_ = true;
      return true;
    }
    check(open_.size() + 1 < kDeepest, "its header is nested too deeply");
    open_.push_back(place(std::move(container)));
    return true;
  }

  bool end() {
    if (open_.empty()) return true;  // of the header
    open_.pop_back();
    if (open_.empty()) take_(name_, entry_);
    return true;
  }

  Json* place(Json value) {
    check(++values_ <= (name_ == kArchiveMetadata ? kMaxEntries : kMaxEntryValues), "entry ", Name{name_},
          " has more values than the limit of ", name_ == kArchiveMetadata ? kMaxEntries : kMaxEntryValues);
    if (open_.empty()) return &(entry_ = std::move(value));
    Json& around = *open_.back();
    if (around.is_object()) return &(around[key_] = std::move(value));
    around.push_back(std::move(value));
    return &around.back();
  }

  const std::string path_;
  const Take take_;
  std::unordered_set<std::string> names_;
  bool inside_ = false;      // the outermost object
  std::string name_, key_;   // in the outermost object, and in the innermost
  Json entry_;               // what the outermost object has under that name, as far as it is known
  std::vector<Json*> open_;  // the containers in it that are not whole yet, the outermost first
  std::size_t values_ = 0;
};

class HeaderReader {
 public:
  HeaderReader(const std::filesystem::path& path, File& file) : path_(path), file_(file) {}

  ArchiveHeader read() {
    ArchiveHeader header{.text = read_text()};
    HeaderSax sax(path_.string(), [&](const std::string& name, const Json& value) {
      if (name == kArchiveMetadata)
        read_metadata(value, header.metadata);
      else
        header.entries.push_back(read_entry(name, value));
    });
    Json::sax_parse(header.text, &sax);
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
