// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/transform.h>

#include <algorithm>
#include <cmath>

#include <sluice/base/error.h>
#include <sluice/base/number.h>
#include <sluice/base/philox.h>
#include <sluice/data/permutation.h>

namespace sluice::data {
namespace {

// Streams of RandomPurpose::split.
constexpr std::uint32_t kValidationStream = 0;
constexpr std::uint32_t kFoldStream = 1;

// `count` of [0, size) without repetition, ascending; further words of `random` are left for the caller.
std::vector<std::int64_t> draw(std::int64_t size, std::int64_t count, PhiloxStream& random) {
  std::vector<std::int64_t> chosen = permutation(size, random);
  chosen.resize(static_cast<std::size_t>(count));
  std::ranges::sort(chosen);
  return chosen;
}

ImageDataset like(const ImageDataset& dataset) {
  return {.name = dataset.name,
          .height = dataset.height,
          .width = dataset.width,
          .channels = dataset.channels,
          .classes = dataset.classes,
          .class_names = dataset.class_names};
}

void append(ImageDataset& to, const ImageDataset& from, std::int64_t index) {
  const auto begin = from.images.begin() + index * from.image_size();
  to.images.insert(to.images.end(), begin, begin + from.image_size());
  to.labels.push_back(from.labels[static_cast<std::size_t>(index)]);
}

}  // namespace

std::int64_t share_of(std::int64_t count, double fraction) {
  return static_cast<std::int64_t>(std::floor(static_cast<double>(count) * fraction * (1 + 1e-12)));
}

ImageDataset take(ImageDataset dataset, std::int64_t count) {
  require(count >= 1 && count <= dataset.size(), "take", "expects 1 to ", dataset.size(), " images, got ", count);
  dataset.labels.resize(static_cast<std::size_t>(count));
  dataset.images.resize(static_cast<std::size_t>(count * dataset.image_size()));
  return dataset;
}

ValidationSplit split_validation(const ImageDataset& dataset, double fraction, std::uint64_t seed) {
  require(fraction >= 0 && fraction < 1, "split", "expects a fraction in [0,1), got ", fraction);
  PhiloxStream random(seed, RandomPurpose::split, kValidationStream);
  return hold_out(dataset, draw(dataset.size(), share_of(dataset.size(), fraction), random));
}

ValidationSplit hold_out(const ImageDataset& dataset, const std::vector<std::int64_t>& held_out) {
  ValidationSplit split{like(dataset), like(dataset)};
  split.train.images.reserve(dataset.images.size() - held_out.size() * static_cast<std::size_t>(dataset.image_size()));
  auto next = held_out.begin();
  for (std::int64_t i = 0; i < dataset.size(); ++i) {
    const bool held = next != held_out.end() && *next == i;
    append(held ? split.validation : split.train, dataset, i);
    if (held) ++next;
  }
  return split;
}

Fold parse_fold(std::string_view text) {
  const std::size_t slash = std::min(text.find('/'), text.size());
  const auto number = parse_number<std::int64_t>(text.substr(0, slash));
  const auto count = parse_number<std::int64_t>(text.substr(std::min(slash + 1, text.size())));
  require(number && count, "fold", "expects K/FOLDS, as in 1/5, got '", text, "'");
  const Fold fold{.number = *number, .count = *count};
  require(fold.count >= 2, "fold", "expects two folds or more, got ", text);
  require(fold.number >= 1 && fold.number <= fold.count, "fold", "expects a fold from 1 to ", fold.count, ", got ",
          text);
  return fold;
}

std::vector<std::int64_t> samples_of(Fold fold, std::int64_t size, std::uint64_t seed) {
  require(fold.count <= size, "fold", "expects at most as many folds as images, ", size, ", got ", fold.count);
  PhiloxStream random(seed, RandomPurpose::split, kFoldStream);
  const std::vector<std::int64_t> order = permutation(size, random);
  std::vector<std::int64_t> samples;
  for (std::int64_t i = fold.number - 1; i < size; i += fold.count)
    samples.push_back(order[static_cast<std::size_t>(i)]);
  std::ranges::sort(samples);
  return samples;
}

std::vector<std::int64_t> add_label_noise(ImageDataset& dataset, double fraction, std::uint64_t seed) {
  return add_label_noise(dataset.labels, dataset.classes, fraction, seed);
}

std::vector<std::int64_t> add_label_noise(std::vector<std::int32_t>& labels, std::int64_t classes, double fraction,
                                          std::uint64_t seed, std::uint32_t stream) {
  require(fraction >= 0 && fraction <= 1, "label_noise", "expects a fraction in [0,1], got ", fraction);
  require(classes >= 2, "label_noise", "expects two classes or more, got ", classes);
  const auto size = static_cast<std::int64_t>(labels.size());
  PhiloxStream random(seed, RandomPurpose::label_noise, stream);
  std::vector<std::int64_t> chosen = draw(size, share_of(size, fraction), random);
  for (const std::int64_t index : chosen) {
    std::int32_t& label = labels[static_cast<std::size_t>(index)];
    const std::int64_t step = 1 + random.next_below(static_cast<std::uint32_t>(classes - 1));
    label = static_cast<std::int32_t>((label + step) % classes);
  }
  return chosen;
}

}  // namespace sluice::data
