// SPDX-License-Identifier: Apache-2.0
// Data sets from data sets: fewer images, a held-out part, wrong labels. Every choice is a function of the seed.
#pragma once

#include <cstdint>
#include <vector>

#include "data/dataset.h"

namespace sluice::data {

// The first `count` images. Throws std::invalid_argument unless 1 <= count <= size.
ImageDataset take(ImageDataset dataset, std::int64_t count);

struct ValidationSplit {
  ImageDataset train, validation;
};

// Holds out floor(size * fraction) images drawn at random; both parts keep the order. Throws std::invalid_argument for
// a fraction that is not in [0,1).
ValidationSplit split_validation(const ImageDataset& dataset, double fraction, std::uint64_t seed);

// Symmetric noise: exactly floor(size * fraction) labels drawn at random become another class, each of the others alike
// (as in Ishida et al., 2020). Returns which, in ascending order. Throws std::invalid_argument for a fraction that is
// not in [0,1] or fewer than two classes.
std::vector<std::int64_t> add_label_noise(ImageDataset& dataset, double fraction, std::uint64_t seed);

// The same for bare labels in [0, classes). Streams of one seed are independent.
std::vector<std::int64_t> add_label_noise(std::vector<std::int32_t>& labels, std::int64_t classes, double fraction,
                                          std::uint64_t seed, std::uint32_t stream = 0);

// floor(count * fraction), where a product that decimal fractions make whole counts as whole: 29 for 100 * 0.29.
std::int64_t share_of(std::int64_t count, double fraction);

}  // namespace sluice::data
