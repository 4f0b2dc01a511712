// SPDX-License-Identifier: Apache-2.0
// The images that a run trains and is measured on, as its options say.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include <sluice/data/augment.h>
#include <sluice/data/dataset.h>
#include "apps/train/options.h"

namespace sluice::apps {

// One fold of the training images, and the numbers that they have among all of them.
struct HeldOutFold {
  data::ImageDataset images;
  std::vector<std::int64_t> samples;  // ascending
  std::int64_t of = 0;                // training images with those of the fold
  std::string labels;                 // fingerprint of the labels of all of them
};

// Under this name a file of held-out losses says in its metadata whose they are.
inline constexpr const char* kLabels = "labels";

// Tells lists of labels apart, those with other noise among them.
std::string fingerprint_of_labels(std::span<const std::int32_t> labels);

struct RunData {
  data::ImageSplits images;  // the training images without those held out, with noise in their labels
  std::optional<data::ImageDataset> validation;
  std::optional<HeldOutFold> fold;
  std::vector<std::int32_t> true_labels;  // of the training images
  data::Normalisation normalisation;
};

// Throws as data::load_dataset does, and std::invalid_argument for more images than there are.
RunData load_run_data(const TrainOptions& options);

}  // namespace sluice::apps
