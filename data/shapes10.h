// SPDX-License-Identifier: Apache-2.0
// shapes10: ten classes of generated 32x32 colour images that need no file. The class is the largest shape's: circle,
// ring, crescent, square, triangle, star, cross, heart, arrow or hourglass, in any colour brighter than what is behind
// it, any size, rotation, proportion and place, filled and backed by gradients, stripes, checks or blotches, among
// smaller shapes and strokes, some of them before it, under noise. Integers only, so that the bits are the same
// everywhere.
#pragma once

#include <cstdint>

#include <sluice/data/dataset.h>

namespace sluice::data {

struct Shapes10Options {
  std::int64_t train = 10000;  // images; classes take turns
  std::int64_t test = 2000;
  std::uint64_t seed = 0;
};

// Throws std::invalid_argument for a count below 1. Each image is a function of seed, part and index.
ImageSplits make_shapes10(const Shapes10Options& options = {});

}  // namespace sluice::data
