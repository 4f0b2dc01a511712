// SPDX-License-Identifier: Apache-2.0
// Data sets by name.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "data/dataset.h"

namespace sluice::data {

// cifar10 cifar100 mnist fashion-mnist kmnist svhn shapes10
std::vector<std::string> dataset_names();

// Loads from the files in `folder` (see cifar.h, mnist.h and svhn.h for its layout); shapes10 is generated and needs no
// folder. Throws std::invalid_argument for an unknown name, with the nearest known one, and IoError for the files.
ImageSplits load_dataset(std::string_view name, const std::filesystem::path& folder);

}  // namespace sluice::data
