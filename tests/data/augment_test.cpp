// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/augment.h>

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <string>

#include <sluice/base/philox.h>

namespace sluice::data {
namespace {

using kernels::AugmentGeometry;
using kernels::CropFlipCutout;
using kernels::decide;

ImageDataset random_images(std::int64_t count, std::int64_t height, std::int64_t width, std::int64_t channels) {
  ImageDataset dataset{.name = "random", .height = height, .width = width, .channels = channels, .classes = 1};
  PhiloxStream random(1, RandomPurpose::test, 0);
  dataset.images.resize(static_cast<std::size_t>(count * dataset.image_size()));
  for (std::uint8_t& value : dataset.images) value = static_cast<std::uint8_t>(random.next_below(256));
  dataset.labels.resize(static_cast<std::size_t>(count));
  return dataset;
}

Normalisation some_normalisation(std::int64_t channels) {
  Normalisation result;
  for (std::int64_t c = 0; c < channels; ++c) {
    result.mean.push_back(0.4f + 0.05f * static_cast<float>(c));
    result.deviation.push_back(0.2f + 0.1f * static_cast<float>(c));
  }
  return result;
}

// One output value by the definition: the image in black padding, cropped, mirrored, normalised, cut out.
double expected_value(const ImageDataset& dataset, const Normalisation& normalisation, const AugmentOptions& options,
                      const CropFlipCutout& decision, std::int64_t sample, std::int64_t row, std::int64_t column,
                      std::int64_t channel) {
  const bool cut = row >= decision.cutout_top && row < decision.cutout_top + options.cutout &&
                   column >= decision.cutout_left && column < decision.cutout_left + options.cutout;
  if (cut) return 0;
  const std::int64_t source_row = row + decision.top;
  const std::int64_t source_column = (decision.mirrored ? dataset.width - 1 - column : column) + decision.left;
  double pixel = 0;
  if (source_row >= 0 && source_row < dataset.height && source_column >= 0 && source_column < dataset.width)
    pixel = dataset.images[static_cast<std::size_t>(
        sample * dataset.image_size() + (source_row * dataset.width + source_column) * dataset.channels + channel)];
  const auto c = static_cast<std::size_t>(channel);
  return (pixel / 255 - normalisation.mean[c]) / normalisation.deviation[c];
}

struct AugmentCase {
  std::int64_t height, width, channels;
  AugmentOptions options;
};

class Augment : public testing::TestWithParam<AugmentCase> {};

TEST_P(Augment, IsTheDirectFormula) {
  const AugmentCase& c = GetParam();
  const ImageDataset dataset = random_images(5, c.height, c.width, c.channels);
  const Normalisation normalisation = some_normalisation(c.channels);
  const std::vector<std::int64_t> which{4, 0, 3, 3, 1, 2};
  const AugmentGeometry geometry{static_cast<std::int64_t>(which.size()), c.height, c.width, c.channels, c.options};
  std::vector<float> y(which.size() * static_cast<std::size_t>(dataset.image_size()), -99);
  for (const double epoch : {0, 1, 2, 3, 4, 5, 6, 7}) {
    kernels::Augment<Cpu>::images(Exec{}, geometry, 11, &epoch, which.data(), dataset.images.data(),
                                  normalised_values(normalisation, c.channels).data(), y.data());
    const float* at = y.data();
    for (const std::int64_t sample : which) {
      const CropFlipCutout decision = decide(geometry, 11, static_cast<std::int64_t>(epoch), sample);
      for (std::int64_t row = 0; row < c.height; ++row)
        for (std::int64_t column = 0; column < c.width; ++column)
          for (std::int64_t channel = 0; channel < c.channels; ++channel)
            ASSERT_NEAR(*at++,
                        expected_value(dataset, normalisation, c.options, decision, sample, row, column, channel), 1e-6)
                << "epoch " << epoch << " sample " << sample << " at " << row << ',' << column << ',' << channel;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Shapes, Augment,
                         testing::Values(AugmentCase{32, 32, 3, {}},
                                         AugmentCase{
                                             32, 32, 3, {.crop_padding = 4, .flip = Flip::horizontal, .cutout = 16}},
                                         AugmentCase{28, 28, 1, {.crop_padding = 4}},
                                         AugmentCase{5, 7, 2, {.crop_padding = 5, .flip = Flip::horizontal}},
                                         AugmentCase{7, 5, 4, {.flip = Flip::horizontal, .cutout = 3}},
                                         AugmentCase{1, 1, 1, {.crop_padding = 1, .cutout = 1}}));

TEST(Decide, UsesTheWordsOfItsOwnCounter) {
  const AugmentGeometry geometry{1, 32, 32, 3, {.crop_padding = 4, .flip = Flip::horizontal, .cutout = 16}};
  for (std::int64_t sample = 0; sample < 100; ++sample) {
    const PhiloxWords words =
        philox({5}, {static_cast<std::uint32_t>(RandomPurpose::augment), 2, static_cast<std::uint64_t>(sample)});
    const CropFlipCutout decision = decide(geometry, 5, 2, sample);
    EXPECT_EQ(decision.top, static_cast<int>(words[0] * 0x1p-32 * 9) - 4);
    EXPECT_EQ(decision.left, static_cast<int>(words[1] * 0x1p-32 * 9) - 4);
    EXPECT_EQ(decision.mirrored, words[0] % 2 == 1);
    EXPECT_EQ(decision.cutout_top, static_cast<int>(words[2] >> 27) - 8);
    EXPECT_EQ(decision.cutout_left, static_cast<int>(words[3] >> 27) - 8);
  }
}

// Every offset alike, with either way of mirroring: chi-squared below its 1 - 1e-6 quantile (41 for 8 degrees, 24 for
// 1).
TEST(Decide, IsUniform) {
  const AugmentGeometry geometry{1, 32, 32, 3, {.crop_padding = 4, .flip = Flip::horizontal}};
  std::map<std::int64_t, int> top, left;
  int mirrored = 0, mirrored_at_top = 0;
  constexpr int count = 18000;
  for (int sample = 0; sample < count; ++sample) {
    const CropFlipCutout decision = decide(geometry, 3, 0, sample);
    ++top[decision.top];
    ++left[decision.left];
    mirrored += decision.mirrored ? 1 : 0;
    mirrored_at_top += decision.mirrored && decision.top == -4 ? 1 : 0;
  }
  for (const auto& offsets : {top, left}) {
    ASSERT_EQ(offsets.size(), 9u);
    EXPECT_EQ(offsets.begin()->first, -4);
    double chi_squared = 0;
    for (const auto& entry : offsets) chi_squared += std::pow(entry.second - count / 9.0, 2) / (count / 9.0);
    EXPECT_LT(chi_squared, 41);
  }
  EXPECT_LT(std::pow(mirrored - count / 2.0, 2) / (count / 4.0), 24);
  EXPECT_LT(std::pow(mirrored_at_top - count / 18.0, 2) / (count / 18.0), 24);
}

TEST(Decide, ChangesWithSeedEpochAndSample) {
  const AugmentGeometry geometry{1, 32, 32, 3, {.crop_padding = 4, .flip = Flip::horizontal, .cutout = 16}};
  const auto same = [&](std::uint64_t seed, std::int64_t epoch, std::int64_t sample) {
    const CropFlipCutout a = decide(geometry, 1, 1, 1), b = decide(geometry, seed, epoch, sample);
    return a.top == b.top && a.left == b.left && a.mirrored == b.mirrored && a.cutout_top == b.cutout_top &&
           a.cutout_left == b.cutout_left;
  };
  EXPECT_TRUE(same(1, 1, 1));
  EXPECT_FALSE(same(2, 1, 1));
  EXPECT_FALSE(same(1, 2, 1));
  EXPECT_FALSE(same(1, 1, 2));
}

TEST(ParseAugment, ListsAndNumbers) {
  EXPECT_EQ(parse_augment("none"), AugmentOptions{});
  EXPECT_EQ(parse_augment("crop,flip"), (AugmentOptions{.crop_padding = 4, .flip = Flip::horizontal}));
  EXPECT_EQ(parse_augment("cutout:8,crop:2"), (AugmentOptions{.crop_padding = 2, .cutout = 8}));
  EXPECT_EQ(parse_augment("cutout"), (AugmentOptions{.cutout = 16}));
}

TEST(ParseAugment, RefusesTheRest) {
  for (const char* text :
       {"", "crop,", ",flip", "none,flip", "crop:", "crop:0", "crop:-1", "crop:4x", "flip:2", "cutout:99999"})
    EXPECT_THROW(parse_augment(text), std::invalid_argument) << text;
  try {
    parse_augment("crop,filp");
    ADD_FAILURE();
  } catch (const std::invalid_argument& error) {
    EXPECT_NE(std::string(error.what()).find("'filp'; did you mean 'flip'"), std::string::npos) << error.what();
  }
}

TEST(Normalisation, IsMeasuredByChannel) {
  ImageDataset dataset{
      .height = 1, .width = 2, .channels = 2, .classes = 1, .images = {0, 7, 255, 7, 51, 7, 102, 7}, .labels = {0, 0}};
  const Normalisation measured = measure_normalisation(dataset);
  // 0, 1, 0.2, 0.4: mean 0.4, mean square 0.3.
  EXPECT_FLOAT_EQ(measured.mean[0], 0.4f);
  EXPECT_FLOAT_EQ(measured.deviation[0], std::sqrt(0.3f - 0.16f));
  EXPECT_FLOAT_EQ(measured.mean[1], 7 / 255.0f);
  EXPECT_EQ(measured.deviation[1], 1);
  EXPECT_THROW(measure_normalisation(ImageDataset{}), std::invalid_argument);
}

TEST(Normalisation, ValuesAndMisfits) {
  const std::vector<float> plain = normalised_values({}, 1);
  EXPECT_EQ(plain[0], 0);
  EXPECT_EQ(plain[255], 1);
  const std::vector<float> values = normalised_values({{0.5f, 0.25f}, {0.5f, 0.25f}}, 2);
  EXPECT_EQ(values[0], -1);
  EXPECT_EQ(values[511], 3);
  EXPECT_THROW(normalised_values({{0.5f}, {0.5f}}, 3), std::invalid_argument);
  EXPECT_THROW(normalised_values({{0.5f}, {0}}, 1), std::invalid_argument);
  EXPECT_THROW(normalised_values({{NAN}, {1}}, 1), std::invalid_argument);
  EXPECT_THROW(usual_normalisation("shapes10"), std::invalid_argument);
}

}  // namespace
}  // namespace sluice::data
