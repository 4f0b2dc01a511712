// SPDX-License-Identifier: Apache-2.0
// What the programs' command lines share: validators that tell the nearest valid name, and errors as UsageError.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace sluice::apps {

// Accepts the given names only; the error tells the nearest.
CLI::Validator one_of(std::vector<std::string> names);

// Numbers in ranges, with an error that says what was expected and found.
CLI::Validator positive();
CLI::Validator at_least_zero();
CLI::Validator within(double low, double high);

// Makes a path absolute, or each of several with commas, so that a configuration means the same from every folder.
CLI::Validator absolute_paths();

// The most of anything that is counted on a command line: products of two such numbers stay within 64 bits.
inline constexpr std::int64_t kMostCounted = 1'000'000'000;
// Whole numbers from `least` to kMostCounted.
CLI::Validator count_from(std::int64_t least);

// Text that a function of the library parses, with that function's own message.
template <class Parse>
CLI::Validator parsed_by(Parse parse) {
  const auto check = [parse](const std::string& given) -> std::string {
    try {
      parse(given);
      return {};
    } catch (const std::exception& error) {
      return error.what();
    }
  };
  return {check, "TEXT"};
}

// Parses; prints help or version and exits with 0 where asked for; throws UsageError otherwise, with the nearest valid
// name for an unknown option. Adds --help and --version.
void parse_or_exit(CLI::App& app, int argc, char** argv);

// The parts of a list with commas; none for "".
std::vector<std::string> split_list(const std::string& text);

// "0.5,0.25" as numbers; empty for "". Throws UsageError.
std::vector<float> parse_floats(const std::string& text);

}  // namespace sluice::apps
