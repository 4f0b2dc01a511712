// SPDX-License-Identifier: Apache-2.0
// The result of one run as a small JSON file with a checksum.
#pragma once

#include <filesystem>

#include "apps/flood_study/study.h"

namespace sluice::study {

// Replaces the file as a whole. Throws WriteError.
void write_run(const std::filesystem::path& file, const RunResult& result);

// Numbers come back exactly as they were. Throws IoError naming the file where it can't be read, was damaged, or holds
// another run than `key`.
RunResult read_run(const std::filesystem::path& file, const RunKey& key);

}  // namespace sluice::study
