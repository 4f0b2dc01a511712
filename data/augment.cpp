// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/augment.h>

#include <array>
#include <cmath>
#include <map>
#include <string>

#include <sluice/base/error.h>
#include <sluice/base/nearest_name.h>
#include <sluice/base/number.h>

namespace sluice::data {
namespace {

constexpr std::int64_t kUsualPadding = 4;
constexpr std::int64_t kUsualCutout = 16;
constexpr std::int64_t kMostPixels = 1024;

const std::vector<std::string> kStepNames = {"crop", "flip", "cutout", "none"};

using Histogram = std::array<std::uint64_t, 256>;

std::vector<Histogram> count_values(const ImageDataset& dataset) {
  std::vector<Histogram> counts(static_cast<std::size_t>(dataset.channels));
  const std::uint8_t* at = dataset.images.data();
  const std::int64_t pixels = dataset.size() * dataset.height * dataset.width;
  for (std::int64_t i = 0; i < pixels; ++i)
    for (Histogram& channel : counts) ++channel[*at++];
  return counts;
}

// The number after the colon of "crop:4"; `usual` where there is no colon.
std::int64_t pixels_of(std::string_view step, std::int64_t usual) {
  const std::size_t colon = step.find(':');
  if (colon == std::string_view::npos) return usual;
  const std::string_view digits = step.substr(colon + 1);
  const std::optional<std::int64_t> pixels = parse_number<std::int64_t>(digits);
  require(pixels && *pixels >= 1 && *pixels <= kMostPixels, "augment", "'", step, "' expects 1 to ", kMostPixels,
          " pixels after the colon");
  return *pixels;
}

void add_step(std::string_view step, AugmentOptions& options) {
  const std::string_view name = step.substr(0, step.find(':'));
  if (name == "crop") {
    options.crop_padding = pixels_of(step, kUsualPadding);
  } else if (name == "cutout") {
    options.cutout = pixels_of(step, kUsualCutout);
  } else if (step == "flip") {
    options.flip = Flip::horizontal;
  } else {
    require(name != "none", "augment", "'none' stands alone");
    require(name != "flip", "augment", "'", step, "': flip takes no number");
    require(false, "augment", "there is no '", name, "'", did_you_mean(name, kStepNames),
            " Valid: none, or a list of crop, flip, cutout");
  }
}

}  // namespace

Normalisation measure_normalisation(const ImageDataset& dataset) {
  require(dataset.size() > 0, "normalisation", "expects a data set that is not empty");
  Normalisation result;
  const auto pixels = static_cast<double>(dataset.size() * dataset.height * dataset.width);
  for (const Histogram& counts : count_values(dataset)) {
    std::uint64_t sum = 0, squares = 0;
    for (std::uint64_t value = 0; value < 256; ++value) {
      sum += counts[value] * value;
      squares += counts[value] * value * value;
    }
    const double mean = static_cast<double>(sum) / pixels;
    const double variance = static_cast<double>(squares) / pixels - mean * mean;
    // A constant channel's variance is zero up to the rounding of this difference.
    const double deviation = variance > 1e-6 ? std::sqrt(variance) / 255 : 1.0;
    result.mean.push_back(static_cast<float>(mean / 255));
    result.deviation.push_back(static_cast<float>(deviation));
  }
  return result;
}

Normalisation usual_normalisation(std::string_view dataset) {
  static const std::map<std::string, Normalisation, std::less<>> usual{
      {"cifar10", {{0.4914f, 0.4822f, 0.4465f}, {0.2470f, 0.2435f, 0.2616f}}},
      {"cifar100", {{0.5071f, 0.4865f, 0.4409f}, {0.2673f, 0.2564f, 0.2762f}}},
      {"mnist", {{0.1307f}, {0.3081f}}},
      {"fashion-mnist", {{0.2860f}, {0.3530f}}},
      {"kmnist", {{0.1918f}, {0.3483f}}},
  };
  const auto found = usual.find(dataset);
  if (found != usual.end()) return found->second;
  std::vector<std::string> names;
  for (const auto& entry : usual) names.push_back(entry.first);
  throw std::invalid_argument(
      concat("[normalisation] there are no usual constants for '", dataset, "'", did_you_mean(dataset, names)));
}

std::vector<float> normalised_values(const Normalisation& normalisation, std::int64_t channels) {
  const auto count = static_cast<std::size_t>(channels);
  const bool plain = normalisation.mean.empty() && normalisation.deviation.empty();
  require(plain || (normalisation.mean.size() == count && normalisation.deviation.size() == count), "normalisation",
          "expects ", channels, " means and deviations, got ", normalisation.mean.size(), " and ",
          normalisation.deviation.size());
  std::vector<float> values(count * 256);
  for (std::size_t c = 0; c < count; ++c) {
    const double mean = plain ? 0.0 : normalisation.mean[c];
    const double deviation = plain ? 1.0 : normalisation.deviation[c];
    require(std::isfinite(mean) && std::isfinite(deviation) && deviation > 0, "normalisation",
            "expects finite means and positive deviations, got ", mean, " and ", deviation, " for channel ", c);
    for (std::size_t value = 0; value < 256; ++value)
      values[c * 256 + value] = static_cast<float>((static_cast<double>(value) / 255 - mean) / deviation);
  }
  return values;
}

AugmentOptions parse_augment(std::string_view text) {
  AugmentOptions options;
  if (text == "none") return options;
  while (true) {
    const std::size_t comma = text.find(',');
    add_step(text.substr(0, comma), options);
    if (comma == std::string_view::npos) return options;
    text.remove_prefix(comma + 1);
  }
}

}  // namespace sluice::data
