// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/augment.h>

#include <algorithm>

#include <sluice/base/instantiate.h>
#include <sluice/base/types.h>

namespace sluice::kernels::cpu {
namespace {

// `pixels` pixels of `channels` channels each; `step` is -1 for a mirrored row. kChannels is 0 where it is not known.
template <int kChannels, class T>
void map_pixels(std::int64_t pixels, std::int64_t channels, const std::uint8_t* source, std::int64_t step,
                const float* values, T* out) {
  if constexpr (kChannels > 0) channels = kChannels;
  for (std::int64_t x = 0; x < pixels; ++x)
    for (std::int64_t c = 0; c < channels; ++c)
      out[x * channels + c] = T(values[c * 256 + source[x * step * channels + c]]);
}

template <class T>
void fill_black(std::int64_t pixels, std::int64_t channels, const float* values, T* out) {
  for (std::int64_t x = 0; x < pixels; ++x)
    for (std::int64_t c = 0; c < channels; ++c) out[x * channels + c] = T(values[c * 256]);
}

template <int kChannels, class T>
void crop_and_mirror(const AugmentGeometry& g, const CropFlipCutout& decision, const std::uint8_t* image,
                     const float* values, T* y) {
  const std::int64_t row_size = g.width * g.channels;
  // The part [begin, end) of an output row whose source lies in the image.
  const std::int64_t shift = decision.mirrored ? -decision.left : decision.left;
  const std::int64_t begin = std::clamp<std::int64_t>(-shift, 0, g.width);
  const std::int64_t end = std::clamp<std::int64_t>(g.width - shift, begin, g.width);
  const std::int64_t first_source = decision.mirrored ? g.width - 1 - begin + decision.left : begin + decision.left;
  for (std::int64_t row = 0; row < g.height; ++row) {
    T* out = y + row * row_size;
    const std::int64_t source_row = row + decision.top;
    if (source_row < 0 || source_row >= g.height || begin == end) {
      fill_black(g.width, g.channels, values, out);
      continue;
    }
    fill_black(begin, g.channels, values, out);
    map_pixels<kChannels>(end - begin, g.channels, image + source_row * row_size + first_source * g.channels,
                          decision.mirrored ? -1 : 1, values, out + begin * g.channels);
    fill_black(g.width - end, g.channels, values, out + end * g.channels);
  }
}

template <class T>
void cut_out(const AugmentGeometry& g, const CropFlipCutout& decision, T* y) {
  const std::int64_t top = std::max<std::int64_t>(decision.cutout_top, 0);
  const std::int64_t bottom = std::min(decision.cutout_top + g.options.cutout, g.height);
  const std::int64_t left = std::max<std::int64_t>(decision.cutout_left, 0);
  const std::int64_t right = std::min(decision.cutout_left + g.options.cutout, g.width);
  for (std::int64_t row = top; row < bottom; ++row)
    std::fill(y + (row * g.width + left) * g.channels, y + (row * g.width + right) * g.channels, T(0.0f));
}

}  // namespace

}  // namespace sluice::kernels::cpu

namespace sluice::kernels {

using namespace cpu;

template <>
template <class T>
void Augment<Cpu>::images(const Exec&, const AugmentGeometry& g, std::uint64_t seed, const double* epoch,
                          const std::int64_t* which, const std::uint8_t* images, const float* values, T* y) {
  const std::int64_t image_size = g.height * g.width * g.channels;
  for (std::int64_t n = 0; n < g.samples; ++n) {
    const CropFlipCutout decision = decide(g, seed, static_cast<std::int64_t>(*epoch), which[n]);
    const std::uint8_t* image = images + which[n] * image_size;
    T* out = y + n * image_size;
    switch (g.channels) {
      case 1: crop_and_mirror<1>(g, decision, image, values, out); break;
      case 3: crop_and_mirror<3>(g, decision, image, values, out); break;
      default: crop_and_mirror<0>(g, decision, image, values, out); break;
    }
    if (g.options.cutout > 0) cut_out(g, decision, out);
  }
}

template <>
void Augment<Cpu>::labels(const Exec&, std::int64_t samples, const std::int64_t* which, const std::int32_t* labels,
                          std::int32_t* gathered) {
  for (std::int64_t n = 0; n < samples; ++n) gathered[n] = labels[which[n]];
}

[[gnu::used]] constexpr auto kInstances =
    instantiate(Types<float, BFloat16>{}, []<class T>(Type<T>) { return std::tuple(&Augment<Cpu>::images<T>); });

}  // namespace sluice::kernels
