// SPDX-License-Identifier: Apache-2.0
// Data sets by name.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include <sluice/data/dataset.h>

namespace sluice::data {

// cifar10 cifar100 mnist fashion-mnist kmnist svhn shapes10
std::vector<std::string> dataset_names();

// How many images of each part, the first ones; 0: all.
struct ImageLimits {
  std::int64_t train = 0;
  std::int64_t test = 0;
};

// Loads from the files in `folder` (see cifar.h, mnist.h and svhn.h for its layout); shapes10 is generated, no more
// than is asked for, and needs no folder. Throws std::invalid_argument for an unknown name, with the nearest known one,
// and for a negative limit; IoError for the files.
ImageSplits load_dataset(std::string_view name, const std::filesystem::path& folder, const ImageLimits& limits = {});

}  // namespace sluice::data
