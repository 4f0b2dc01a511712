// SPDX-License-Identifier: Apache-2.0
// Labelled images in memory.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace sluice::data {

struct ImageDataset {
  std::string name;                                  // as in dataset_names()
  std::int64_t height = 0, width = 0, channels = 0;  // H, W, C
  std::int64_t classes = 0;                          // labels are in [0, classes)
  std::vector<std::string> class_names;              // by label
  std::vector<std::uint8_t> images;                  // [N,H,W,C]
  std::vector<std::int32_t> labels;                  // [N]

  std::int64_t size() const { return static_cast<std::int64_t>(labels.size()); }
  std::int64_t image_size() const { return height * width * channels; }
};

struct ImageSplits {
  ImageDataset train, test;
};

}  // namespace sluice::data
