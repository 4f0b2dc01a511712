// SPDX-License-Identifier: Apache-2.0
// Augmentation and normalisation of u8 images, N samples out of a data set of D. Bound by bytes: reads N*H*W*C, writes
// sizeof(T) times as many.
#pragma once

#include <cstdint>

#include <sluice/base/exec.h>
#include <sluice/base/philox.h>

namespace sluice::kernels {

enum class Flip : std::uint8_t { none, horizontal };

struct AugmentOptions {
  std::int64_t crop_padding = 0;  // pixels of black around the image before a random crop of the image's size; 0: none
  Flip flip = Flip::none;         // mirrored left to right with probability 1/2
  std::int64_t cutout = 0;        // side in pixels of a square set to 0 after normalisation, anywhere; 0: none

  friend bool operator==(const AugmentOptions&, const AugmentOptions&) = default;
};

struct AugmentGeometry {
  std::int64_t samples = 0, height = 0, width = 0, channels = 0;  // N, H, W, C
  AugmentOptions options;
};

// What happens to one sample in one epoch.
struct CropFlipCutout {
  std::int64_t top = 0, left = 0;                // source of the output's corner, in [-crop_padding, crop_padding]
  bool mirrored = false;                         // after the crop
  std::int64_t cutout_top = 0, cutout_left = 0;  // corner of the square; parts outside of the image don't count
};

// A function of its arguments only, the same on every device. The cutout's centre is uniform over the image's pixels
// (DeVries and Taylor, "Improved regularization of convolutional neural networks with cutout", 2017, section 3.2).
SLUICE_HOST_DEVICE inline CropFlipCutout decide(const AugmentGeometry& geometry, std::uint64_t seed, std::int64_t epoch,
                                                std::int64_t sample) {
  const PhiloxWords words = philox({seed}, {static_cast<std::uint32_t>(RandomPurpose::augment),
                                            static_cast<std::uint32_t>(epoch), static_cast<std::uint64_t>(sample)});
  const AugmentOptions& options = geometry.options;
  const auto offsets = static_cast<std::uint32_t>(2 * options.crop_padding + 1);
  CropFlipCutout decision;
  decision.top = below(words[0], offsets) - options.crop_padding;
  decision.left = below(words[1], offsets) - options.crop_padding;
  // below() draws on a word's upper bits, so the lowest one is free.
  decision.mirrored = options.flip == Flip::horizontal && (words[0] & 1u) != 0;
  decision.cutout_top = below(words[2], static_cast<std::uint32_t>(geometry.height)) - options.cutout / 2;
  decision.cutout_left = below(words[3], static_cast<std::uint32_t>(geometry.width)) - options.cutout / 2;
  return decision;
}

// y [N,H,W,C] from images [D,H,W,C]: sample n is image which[n], cropped, mirrored, normalised, cut out, in this order,
// as decide(geometry, seed, epoch[0], which[n]) says; the epoch is a whole number. `values` [C,256] is the normalised
// value of each pixel value of each channel, so that every device gives the same bits. T: float or BFloat16. The CPU's
// runs on the calling thread alone: it serves a prefetching thread beside a training step, which uses all threads.
template <class Device>
struct Augment {
  template <class T>
  static void images(const Exec&, const AugmentGeometry&, std::uint64_t seed, const double* epoch,
                     const std::int64_t* which, const std::uint8_t* images, const float* values, T* y);
  // gathered [N]: labels [D] at which [N].
  static void labels(const Exec&, std::int64_t samples, const std::int64_t* which, const std::int32_t* labels,
                     std::int32_t* gathered);
};

}  // namespace sluice::kernels
