// SPDX-License-Identifier: Apache-2.0
// The part of TOML 1.0 that a configuration file needs: keys with strings, numbers, truth values, or lists of these,
// and comments. Source: https://toml.io/en/v1.0.0.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::apps {

struct TomlEntry {
  std::string key;
  std::vector<std::string> values;  // one, or those of a list; strings without their quotes
};

// Throws IoError "line 3: expects ..., got ..." for what is not of that part.
std::vector<TomlEntry> parse_toml(std::string_view text);

// A value: a number or truth value as it is, any other text as a string.
std::string toml_value(const std::string& text);

// The configuration files of a command line, instead of CLI11's own, which read back something else than was written
// where a value holds '#', quotes or the end of a line.
class TomlConfig : public CLI::ConfigBase {
 public:
  std::string to_config(const CLI::App* app, bool default_also, bool write_description,
                        std::string prefix) const override;
  std::vector<CLI::ConfigItem> from_config(std::istream& input) const override;
};

}  // namespace sluice::apps
