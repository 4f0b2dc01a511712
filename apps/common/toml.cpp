// SPDX-License-Identifier: Apache-2.0
#include "apps/common/toml.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <iterator>
#include <regex>

#include <sluice/base/error.h>

namespace sluice::apps {
namespace {

void append_utf8(std::string& to, unsigned long code) {
  const auto byte = [&](unsigned long value) { to += static_cast<char>(value); };
  if (code < 0x80) return byte(code);
  if (code < 0x800) return byte(0xc0 | code >> 6), byte(0x80 | (code & 0x3f));
  if (code < 0x10000) return byte(0xe0 | code >> 12), byte(0x80 | (code >> 6 & 0x3f)), byte(0x80 | (code & 0x3f));
  byte(0xf0 | code >> 18), byte(0x80 | (code >> 12 & 0x3f)), byte(0x80 | (code >> 6 & 0x3f)),
      byte(0x80 | (code & 0x3f));
}

class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {
    if (rest_.starts_with("\xef\xbb\xbf")) rest_.remove_prefix(3);  // a byte-order mark
  }

  std::vector<TomlEntry> read() {
    std::vector<TomlEntry> entries;
    for (skip(true); !rest_.empty(); skip(true)) {
      TomlEntry entry{.key = peek() == '"' || peek() == '\'' ? string() : bare("a key"), .values = {}};
      skip(false);
      expect('=');
      skip(false);
      if (peek() == '[')
        entry.values = list();
      else
        entry.values.push_back(value());
      skip(false);
      if (!rest_.empty() && peek() != '\n') fail("the end of the line");
      entries.push_back(std::move(entry));
    }
    return entries;
  }

 private:
  char peek() const { return rest_.empty() ? '\0' : rest_.front(); }
  char take() {
    const char c = peek();
    if (c == '\n') ++line_;
    if (!rest_.empty()) rest_.remove_prefix(1);
    return c;
  }
  [[noreturn]] void fail(const std::string& expected) const {
    const std::string_view found = rest_.substr(0, std::min<std::size_t>(rest_.find('\n'), 40));
    throw IoError(fmt::format("line {}: expects {}, got '{}'", line_, expected, found));
  }
  void expect(char c) {
    if (peek() != c) fail(fmt::format("'{}'", c));
    take();
  }

  // Blanks and comments, with the ends of lines or up to one.
  void skip(bool lines) {
    for (;; take()) {
      if (peek() == '#')
        while (!rest_.empty() && peek() != '\n') take();
      const bool blank = peek() == ' ' || peek() == '\t' || (peek() == '\r' && rest_.substr(0, 2) == "\r\n");
      if (rest_.empty() || !(blank || (lines && peek() == '\n'))) return;
    }
  }

  std::string bare(const char* what) {
    const std::size_t length = std::min(
        rest_.size(), rest_.find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-+."));
    if (length == 0) fail(what);
    const std::string text(rest_.substr(0, length));
    rest_.remove_prefix(length);
    return text;
  }

  std::string value() { return peek() == '"' || peek() == '\'' ? string() : bare("a value"); }

  std::vector<std::string> list() {
    std::vector<std::string> values;
    for (expect('['), skip(true); peek() != ']'; skip(true)) {
      values.push_back(value());
      skip(true);
      if (peek() != ']') expect(',');
    }
    take();
    return values;
  }

  std::string string() {
    if (rest_.starts_with("\"\"\"") || rest_.starts_with("'''")) fail("a string on one line");
    const char quote = take();
    std::string text;
    while (peek() != quote) {
      if (rest_.empty() || peek() == '\n') fail(fmt::format("a closing {}", quote));
      const char c = take();
      if (c == '\\' && quote == '"')
        escape(text);
      else
        text += c;
    }
    take();
    return text;
  }

  void escape(std::string& text) {
    constexpr std::string_view letters = "btnfr\"\\", meanings = "\b\t\n\f\r\"\\";
    const std::size_t known = letters.find(peek());
    if (!rest_.empty() && known != std::string_view::npos) {
      take();
      text += meanings[known];
      return;
    }
    const std::size_t digits = peek() == 'u' ? 4 : peek() == 'U' ? 8 : 0;
    const std::string_view code = rest_.substr(std::min<std::size_t>(1, rest_.size()), digits);
    if (digits == 0 || code.size() != digits ||
        code.find_first_not_of("0123456789abcdefABCDEF") != std::string_view::npos)
      fail("an escape after '\\'");
    append_utf8(text, std::stoul(std::string(code), nullptr, 16));
    rest_.remove_prefix(1 + digits);
  }

  std::string_view rest_;
  std::size_t line_ = 1;
};

std::string value_of(const CLI::Option& option) {
  const std::vector<std::string> results = option.reduced_results();
  if (results.empty()) {
    if (!option.get_default_str().empty()) return toml_value(option.get_default_str());
    return option.get_expected_min() == 0 ? "false" : "\"\"";
  }
  if (results.size() == 1) return toml_value(results[0]);
  std::vector<std::string> values;
  for (const std::string& result : results) values.push_back(toml_value(result));
  return fmt::format("[{}]", fmt::join(values, ", "));
}

}  // namespace

std::vector<TomlEntry> parse_toml(std::string_view text) { return Reader(text).read(); }

std::string toml_value(const std::string& text) {
  static const std::regex number(R"([+-]?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?)");
  if (text == "true" || text == "false" || std::regex_match(text, number)) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\')
      quoted += std::string("\\") + c;
    else if (byte < 0x20 || byte == 0x7f)
      quoted += fmt::format("\\u{:04x}", byte);
    else
      quoted += c;
  }
  return quoted + "\"";
}

std::string TomlConfig::to_config(const CLI::App* app, bool, bool, std::string) const {
  std::string text = fmt::format("# {}\n", app->get_description());
  for (const std::string& group : app->get_groups()) {
    std::string options;
    for (const CLI::Option* option : app->get_options())
      if (option->get_configurable() && option->get_group() == group)
        options +=
            fmt::format("\n# {}\n{} = {}\n", option->get_description(), option->get_single_name(), value_of(*option));
    if (!options.empty()) text += fmt::format("\n# {}\n{}", group, options);
  }
  return text;
}

std::vector<CLI::ConfigItem> TomlConfig::from_config(std::istream& input) const {
  const std::string text(std::istreambuf_iterator<char>(input), {});
  std::vector<CLI::ConfigItem> found;
  try {
    for (TomlEntry& entry : parse_toml(text)) {
      CLI::ConfigItem item;
      item.name = std::move(entry.key);
      item.inputs = std::move(entry.values);
      found.push_back(std::move(item));
    }
  } catch (const IoError& error) {
    throw CLI::ConversionError(fmt::format("the configuration file, {}", error.what()));
  }
  return found;
}

}  // namespace sluice::apps
