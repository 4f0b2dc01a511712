// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/shapes10.h>

#include <algorithm>
#include <array>
#include <span>

#include <sluice/base/error.h>
#include <sluice/base/parallel.h>
#include <sluice/base/philox.h>
#include <sluice/data/shapes10_outline.h>

namespace sluice::data {
namespace {

using namespace shapes10;

constexpr std::int32_t kSide = 32;
constexpr std::int32_t kPixel = 256;  // lengths are in 1/256 pixel
constexpr std::int64_t kImageBytes = kSide * kSide * 3;
constexpr std::uint64_t kCountersPerImage = std::uint64_t{1} << 20;
// Streams of the purpose `synthetic` that the vector sets don't use.
constexpr std::uint32_t kTrainStream = 0x10, kTestStream = 0x11;

using Colour = std::array<std::int32_t, 3>;
using Canvas = std::array<Colour, kSide * kSide>;

// Uniform in [from, to].
std::int32_t between(PhiloxStream& random, std::int32_t from, std::int32_t to) {
  return from + static_cast<std::int32_t>(random.next_below(static_cast<std::uint32_t>(to - from + 1)));
}

Colour random_colour(PhiloxStream& random) {
  Colour colour;
  for (std::int32_t& channel : colour) channel = between(random, 10, 245);
  return colour;
}

Colour near(const Colour& colour, std::int32_t distance, PhiloxStream& random) {
  Colour result;
  for (std::size_t c = 0; c < 3; ++c) result[c] = std::clamp(colour[c] + between(random, -distance, distance), 0, 255);
  return result;
}

std::int32_t difference(const Colour& a, const Colour& b) {
  std::int32_t sum = 0;
  for (std::size_t c = 0; c < 3; ++c) sum += std::max(a[c], b[c]) - std::min(a[c], b[c]);
  return sum;
}

std::int32_t brightness(const Colour& colour) { return colour[0] + colour[1] + colour[2]; }

// a where weight is 0, b where it is 256.
Colour mix(const Colour& a, const Colour& b, std::int32_t weight) {
  Colour result;
  for (std::size_t c = 0; c < 3; ++c) result[c] = (a[c] * (256 - weight) + b[c] * weight) / 256;
  return result;
}

// Two colours in a pattern over the image.
class Texture {
 public:
  Texture(const Colour& first, const Colour& second, PhiloxStream& random)
      : first_(first),
        second_(second),
        kind_(static_cast<Kind>(between(random, 0, 3))),
        period_(between(random, 4 * kPixel, 13 * kPixel)) {
    const std::int32_t degrees = between(random, 0, 359);
    cosine_ = sine(degrees + 90);
    sine_ = sine(degrees);
    for (std::int32_t& weight : lattice_) weight = between(random, 0, 256);
  }

  Colour at(std::int32_t x, std::int32_t y) const { return mix(first_, second_, weight(x, y)); }

 private:
  enum class Kind { gradient, stripes, checks, blotches };
  static constexpr std::int32_t kLattice = 6;  // cells of 8 pixels and one around

  std::int32_t weight(std::int32_t x, std::int32_t y) const {
    const std::int32_t centre = kSide * kPixel / 2;
    // Coordinates along and across the pattern's direction, made positive.
    const std::int32_t along = (cosine_ * (x - centre) + sine_ * (y - centre)) / 4096 + 2 * kSide * kPixel;
    const std::int32_t across = (cosine_ * (y - centre) - sine_ * (x - centre)) / 4096 + 2 * kSide * kPixel;
    switch (kind_) {
      case Kind::gradient: return std::clamp((along - 2 * kSide * kPixel + centre) / kSide, 0, 256);
      case Kind::stripes: return wave(along);
      case Kind::checks: return (wave(along) < 128) == (wave(across) < 128) ? 40 : 216;
      case Kind::blotches: return blotch(x, y);
    }
    return 0;
  }

  std::int32_t wave(std::int32_t at) const {
    const std::int32_t phase = at % period_ * 512 / period_;
    return phase < 256 ? phase : 512 - phase;
  }

  // Bilinear between random weights.
  std::int32_t blotch(std::int32_t x, std::int32_t y) const {
    const std::int32_t cell = 8 * kPixel;
    const std::int32_t column = x / cell, row = y / cell;
    const std::int32_t right = x % cell / 8, down = y % cell / 8;
    const auto corner = [&](std::int32_t i, std::int32_t j) {
      return lattice_[static_cast<std::size_t>((row + i) * kLattice + column + j)];
    };
    const std::int32_t top = corner(0, 0) * (256 - right) + corner(0, 1) * right;
    const std::int32_t bottom = corner(1, 0) * (256 - right) + corner(1, 1) * right;
    return (top / 256 * (256 - down) + bottom / 256 * down) / 256;
  }

  Colour first_, second_;
  Kind kind_;
  std::int32_t period_;
  std::int32_t cosine_ = 0, sine_ = 0;
  std::array<std::int32_t, kLattice * kLattice> lattice_{};
};

// Draws a shape over the canvas, its edge smoothed by four samples a pixel.
void draw(Canvas& canvas, int shape, const Placement& placement, const Texture& texture) {
  constexpr std::array<std::array<std::int32_t, 2>, 4> samples{{{96, 32}, {224, 96}, {32, 160}, {160, 224}}};
  for (std::int32_t row = 0; row < kSide; ++row)
    for (std::int32_t column = 0; column < kSide; ++column) {
      const std::int32_t x = column * kPixel, y = row * kPixel;
      std::int32_t covered = 0;
      for (const auto& [right, down] : samples) covered += placement.covers(shape, x + right, y + down) ? 64 : 0;
      if (covered == 0) continue;
      Colour& colour = canvas[static_cast<std::size_t>(row * kSide + column)];
      colour = mix(colour, texture.at(x + kPixel / 2, y + kPixel / 2), covered);
    }
}

// A place for something small, its centre anywhere. The numbers are drawn one a statement, since the order in which a
// call's arguments are evaluated is the compiler's choice.
Placement anywhere(std::int32_t radius_u, std::int32_t radius_v, PhiloxStream& random) {
  const std::int32_t x = between(random, 0, kSide * kPixel);
  const std::int32_t y = between(random, 0, kSide * kPixel);
  const std::int32_t degrees = between(random, 0, 359);
  return {x, y, radius_u, radius_v, degrees};
}

// A long thin square.
void draw_stroke(Canvas& canvas, PhiloxStream& random) {
  const Colour first = random_colour(random);
  const Colour second = near(first, 30, random);
  const Texture texture(first, second, random);
  const std::int32_t length = between(random, 5 * kPixel, 14 * kPixel);
  const std::int32_t width = between(random, 150, 330);
  draw(canvas, kSquare, anywhere(length, width, random), texture);
}

void draw_small_shape(Canvas& canvas, PhiloxStream& random) {
  const int shape = between(random, 0, kShapes - 1);
  const Colour first = random_colour(random);
  const Colour second = near(first, 40, random);
  const Texture texture(first, second, random);
  const std::int32_t radius = between(random, 2 * kPixel, 4 * kPixel);
  draw(canvas, shape, anywhere(radius, radius, random), texture);
}

// Brighter than the two colours behind it and clear of them.
void draw_main_shape(Canvas& canvas, int shape, const Colour& back_first, const Colour& back_second,
                     PhiloxStream& random) {
  constexpr std::int32_t least_contrast = 130;  // summed over the channels
  constexpr std::int32_t least_lift = 100;      // of the brightness, likewise
  Colour first, second;
  do {
    first = random_colour(random);
    second = near(first, 60, random);
  } while (std::min({difference(first, back_first), difference(first, back_second), difference(second, back_first),
                     difference(second, back_second)}) < least_contrast ||
           brightness(first) < brightness(back_first) + least_lift);
  const Texture texture(first, second, random);
  const std::int32_t radius = between(random, 7 * kPixel, 12 * kPixel);
  const std::int32_t shorter = radius * between(random, 200, 256) / 256;
  const bool wide = between(random, 0, 1) == 1;
  const std::int32_t room = 16 * kPixel - radius;
  const std::int32_t x = kSide * kPixel / 2 + between(random, -room, room);
  const std::int32_t y = kSide * kPixel / 2 + between(random, -room, room);
  const std::int32_t degrees = between(random, 0, 359);
  draw(canvas, shape, Placement(x, y, wide ? radius : shorter, wide ? shorter : radius, degrees), texture);
}

// Two uniform numbers a channel make noise of triangular distribution.
void write_noisy(const Canvas& canvas, PhiloxStream& random, std::uint8_t* pixels) {
  const std::int32_t strength = between(random, 10, 56);
  for (const Colour& colour : canvas)
    for (const std::int32_t channel : colour) {
      const std::uint32_t word = random.next();
      const auto noise = static_cast<std::int32_t>((word >> 16) + (word & 0xffffu)) - 65535;
      *pixels++ = static_cast<std::uint8_t>(std::clamp(channel + noise * strength / 65536, 0, 255));
    }
}

void make_image(int shape, PhiloxStream random, std::uint8_t* pixels) {
  // A darker half of the colours leaves room for brighter shapes.
  const Colour first = mix({0, 0, 0}, random_colour(random), 160);
  const Colour second = near(first, 50, random);
  const Texture background(first, second, random);
  Canvas canvas;
  for (std::int32_t row = 0; row < kSide; ++row)
    for (std::int32_t column = 0; column < kSide; ++column)
      canvas[static_cast<std::size_t>(row * kSide + column)] =
          background.at(column * kPixel + kPixel / 2, row * kPixel + kPixel / 2);
  for (std::int32_t strokes = between(random, 0, 2); strokes > 0; --strokes) draw_stroke(canvas, random);
  for (std::int32_t shapes = between(random, 0, 2); shapes > 0; --shapes) draw_small_shape(canvas, random);
  draw_main_shape(canvas, shape, first, second, random);
  if (between(random, 0, 1) == 1) draw_stroke(canvas, random);
  if (between(random, 0, 2) == 0) draw_small_shape(canvas, random);
  write_noisy(canvas, random, pixels);
}

ImageDataset make_part(std::int64_t count, std::uint64_t seed, std::uint32_t stream) {
  ImageDataset dataset{.name = "shapes10",
                       .height = kSide,
                       .width = kSide,
                       .channels = 3,
                       .classes = kShapes,
                       .class_names = {kShapeNames.begin(), kShapeNames.end()}};
  dataset.labels.resize(static_cast<std::size_t>(count));
  dataset.images.resize(static_cast<std::size_t>(count * kImageBytes));
  parallel_for(count, 16, [&](std::int64_t begin, std::int64_t end) {
    for (std::int64_t i = begin; i < end; ++i) {
      const auto shape = static_cast<int>(i % kShapes);
      dataset.labels[static_cast<std::size_t>(i)] = shape;
      make_image(
          shape,
          PhiloxStream(seed, RandomPurpose::synthetic, stream, static_cast<std::uint64_t>(i) * kCountersPerImage),
          dataset.images.data() + i * kImageBytes);
    }
  });
  return dataset;
}

}  // namespace

ImageSplits make_shapes10(const Shapes10Options& options) {
  require(options.train >= 1 && options.test >= 1, "shapes10", "expects one image or more in each part, got ",
          options.train, " and ", options.test);
  return {make_part(options.train, options.seed, kTrainStream), make_part(options.test, options.seed, kTestStream)};
}

}  // namespace sluice::data
