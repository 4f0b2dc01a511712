// SPDX-License-Identifier: Apache-2.0
// How images become a network's input: normalisation, and the options of the augmentation (kernels/augment.h says what
// each does).
#pragma once

#include <string_view>
#include <vector>

#include <sluice/data/dataset.h>
#include <sluice/kernels/augment.h>

namespace sluice::data {

using kernels::AugmentOptions;
using kernels::Flip;

// A pixel value v in [0,255] becomes (v / 255 - mean) / deviation, by channel.
struct Normalisation {
  std::vector<float> mean, deviation;
};

// Mean and standard deviation over all pixels of each channel, from exact sums; a channel that is constant gets
// deviation 1. Throws std::invalid_argument for an empty data set.
Normalisation measure_normalisation(const ImageDataset& dataset);

// The constants that the literature uses for a data set's training images. Throws std::invalid_argument, with the
// nearest known name, for a name that it has none for.
Normalisation usual_normalisation(std::string_view dataset);

// normalised values [C,256] of all pixel values, as kernels::augment takes them. An empty normalisation maps to [0,1].
// Throws std::invalid_argument unless it has `channels` means and positive deviations.
std::vector<float> normalised_values(const Normalisation& normalisation, std::int64_t channels);

// "none" or a list of crop, flip and cutout; crop:4 and cutout:16 (the defaults) set the padding and the side in
// pixels. Throws std::invalid_argument, with the nearest valid name, for anything else.
AugmentOptions parse_augment(std::string_view text);

}  // namespace sluice::data
