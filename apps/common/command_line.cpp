// SPDX-License-Identifier: Apache-2.0
#include "apps/common/command_line.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <functional>

#include <sluice/base/nearest_name.h>
#include <sluice/version.h>
#include "apps/common/exit_codes.h"
#include "apps/common/output.h"

namespace sluice::apps {
namespace {

CLI::Validator number_that(const std::function<bool(double)>& holds, const std::string& expected) {
  const auto check = [=](const std::string& given) -> std::string {
    char* end = nullptr;
    const double value = std::strtod(given.c_str(), &end);
    if (!given.empty() && *end == '\0' && holds(value)) return {};
    return fmt::format("expects a number {}, got {}", expected, given);
  };
  return {check, ""};
}

std::string nearest_option(const CLI::App& app, const std::string& name) {
  std::vector<std::string> names;
  for (const CLI::Option* option : app.get_options()) names.push_back(option->get_name());
  return nearest_name(name, names);
}

[[noreturn]] void throw_unknown(const CLI::App& app, const std::string& given) {
  const std::string name = given.substr(0, given.find('='));
  if (!name.starts_with("-")) throw UsageError(fmt::format("unexpected argument '{}'; options begin with --", given));
  throw UsageError(
      fmt::format("there is no option '{}'; did you mean '{}'? --help lists all", name, nearest_option(app, name)));
}

}  // namespace

CLI::Validator one_of(std::vector<std::string> names) {
  const auto check = [names](const std::string& given) -> std::string {
    if (std::ranges::find(names, given) != names.end()) return {};
    return fmt::format("there is no '{}'; did you mean '{}'? Valid: {}", given, nearest_name(given, names),
                       fmt::join(names, ", "));
  };
  return {check, "NAME"};
}

CLI::Validator positive() {
  return number_that([](double value) { return value > 0; }, "above 0");
}

CLI::Validator at_least_zero() {
  return number_that([](double value) { return value >= 0; }, "of 0 or more");
}

CLI::Validator within(double low, double high) {
  return number_that([=](double value) { return value >= low && value <= high; },
                     fmt::format("from {:g} to {:g}", low, high));
}

CLI::Validator absolute_paths() {
  const auto make_absolute = [](std::string& given) {
    std::string all;
    for (std::size_t at = 0; at < given.size();) {
      const std::size_t comma = std::min(given.find(',', at), given.size());
      if (!all.empty()) all += ',';
      all += std::filesystem::absolute(given.substr(at, comma - at)).lexically_normal().string();
      at = comma + 1;
    }
    given = all;
    return std::string();
  };
  return {make_absolute, "PATH"};
}

void parse_or_exit(CLI::App& app, int argc, char** argv) {
  app.get_formatter()->column_width(34);
  app.set_help_flag("--help,-h", "Print this help and exit");
  app.set_version_flag("--version", SLUICE_VERSION, "Print the version and exit");
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    say(app.help());
    std::exit(finish_output(app.get_name(), 0));
  } catch (const CLI::CallForVersion&) {
    say(fmt::format("{} {}", app.get_name(), SLUICE_VERSION));
    std::exit(finish_output(app.get_name(), 0));
  } catch (const CLI::ExtrasError& error) {
    const std::vector<std::string> extras = app.remaining();
    if (extras.empty()) throw UsageError(error.what());
    throw_unknown(app, extras.front());
  } catch (const CLI::ConfigError& error) {
    // "INI was not able to parse NAME": CLI11 tells the key in its message only.
    const std::string message = error.what();
    const std::string key = message.substr(message.rfind(' ') + 1);
    throw UsageError(fmt::format("the configuration file has no option '{}'; did you mean '{}'?", key,
                                 nearest_option(app, "--" + key).substr(2)));
  } catch (const CLI::ParseError& error) {
    throw UsageError(error.what());
  }
}

std::vector<float> parse_floats(const std::string& text) {
  std::vector<float> values;
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t comma = std::min(text.find(',', at), text.size());
    const std::string part = text.substr(at, comma - at);
    char* end = nullptr;
    values.push_back(std::strtof(part.c_str(), &end));
    if (part.empty() || *end != '\0') throw UsageError(fmt::format("'{}' in '{}' is not a number", part, text));
    at = comma + 1;
  }
  return values;
}

}  // namespace sluice::apps
