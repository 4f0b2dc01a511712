// SPDX-License-Identifier: Apache-2.0
// Data sets from data sets: fewer images, a held-out part, wrong labels. Every choice is a function of the seed.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include <sluice/data/dataset.h>

namespace sluice::data {

// The first `count` images. Throws std::invalid_argument unless 1 <= count <= size.
ImageDataset take(ImageDataset dataset, std::int64_t count);

struct ValidationSplit {
  ImageDataset train, validation;
};

// Holds out the images of these numbers, ascending and each in [0, size); both parts keep the order.
ValidationSplit hold_out(const ImageDataset& dataset, const std::vector<std::int64_t>& held_out);

// Holds out floor(size * fraction) images drawn at random; both parts keep the order. Throws std::invalid_argument for
// a fraction that is not in [0,1).
ValidationSplit split_validation(const ImageDataset& dataset, double fraction, std::uint64_t seed);

// One of `count` parts whose sizes differ by one at most; number in [1, count].
struct Fold {
  std::int64_t number = 1;
  std::int64_t count = 2;
};

// "2/5" is the second of five. Throws std::invalid_argument for another text, fewer than two folds or a number outside.
Fold parse_fold(std::string_view text);

// The images of [0, size) that a fold has, ascending; each image is in one fold, drawn at random. Throws
// std::invalid_argument for more folds than images.
std::vector<std::int64_t> samples_of(Fold fold, std::int64_t size, std::uint64_t seed);

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
