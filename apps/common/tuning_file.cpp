// SPDX-License-Identifier: Apache-2.0
#include "apps/common/tuning_file.h"

#include <fmt/format.h>

#include <fstream>
#include <nlohmann/json.hpp>

#include <sluice/base/error.h>
#include <sluice/kernels/runtime/tuning.h>

namespace sluice::apps {

std::string tuning_text() {
  nlohmann::json json = nlohmann::json::object();
  for (const auto& [what, algorithm] : kernels::tuning_table()) json[what] = algorithm;
  return json.dump(1) + "\n";
}

void load_tuning(const std::filesystem::path& file) {
  std::ifstream in(file);
  if (!in) throw IoError(fmt::format("{}: can't be read", file.string()));
  std::vector<kernels::TuningEntry> entries;
  try {
    const nlohmann::json json = nlohmann::json::parse(in);
    for (const auto& [what, algorithm] : json.items()) entries.emplace_back(what, algorithm.get<std::string>());
  } catch (const nlohmann::json::exception& error) {
    throw IoError(fmt::format("{}: expected a JSON object of names of algorithms; {}", file.string(), error.what()));
  }
  kernels::import_tuning(entries);
}

}  // namespace sluice::apps
