// SPDX-License-Identifier: Apache-2.0
#include "apps/common/tuning_file.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include <sluice/base/file.h>
#include <sluice/kernels/runtime/tuning.h>

namespace sluice::apps {

std::string tuning_text() {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [what, algorithm] : kernels::tuning_table()) json[what] = algorithm;
  return json.dump(1) + "\n";
}

void load_tuning(const std::filesystem::path& file) {
  const std::string text = read_text(file);
  std::vector<kernels::TuningEntry> entries;
  try {
    const nlohmann::json json = nlohmann::json::parse(text);
    if (!json.is_object())
      throw IoError(fmt::format("{}: expected a JSON object of names of algorithms", file.string()));
    for (const auto& [what, algorithm] : json.items()) entries.emplace_back(what, algorithm.get<std::string>());
    kernels::import_tuning(entries, file.string());
  } catch (const nlohmann::json::exception& error) {
    throw IoError(fmt::format("{}: expected a JSON object of names of algorithms; {}", file.string(), error.what()));
  } catch (const std::invalid_argument& error) {
    throw IoError(fmt::format("{}: {}", file.string(), error.what()));
  }
}

}  // namespace sluice::apps
