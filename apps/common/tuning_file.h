// SPDX-License-Identifier: Apache-2.0
// The choices of algorithms (kernels/runtime/tuning.h) as a JSON file, which a run keeps so that it can be repeated bit
// for bit.
#pragma once

#include <filesystem>
#include <string>

namespace sluice::apps {

// All choices that this process has made or was given: {"what was tuned": "algorithm", ...}.
std::string tuning_text();

// Gives this process the choices in a file. Throws IoError naming the file where it can't be read or is no such JSON.
void load_tuning(const std::filesystem::path& file);

}  // namespace sluice::apps
