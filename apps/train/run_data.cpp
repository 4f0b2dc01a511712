// SPDX-License-Identifier: Apache-2.0
#include "apps/train/run_data.h"

#include <fmt/format.h>

#include <algorithm>

#include <sluice/base/checksum.h>
#include <sluice/data/datasets.h>
#include <sluice/data/transform.h>

namespace sluice::apps {
namespace {

// Leaves the fold out of the training images. The noise is in all labels by then, so that the labels of an image are
// the same whichever fold is held out, and as without folds.
void hold_out_fold(RunData& run, data::Fold fold, std::uint64_t seed) {
  const std::int64_t size = run.images.train.size();
  const std::vector<std::int64_t> samples = data::samples_of(fold, size, seed);
  const std::string labels = fingerprint_of_labels(run.images.train.labels);
  std::vector<std::int32_t> true_labels;
  for (std::int64_t i = 0; i < size; ++i)
    if (!std::ranges::binary_search(samples, i)) true_labels.push_back(run.true_labels[static_cast<std::size_t>(i)]);
  run.true_labels = std::move(true_labels);
  auto parts = data::hold_out(run.images.train, samples);
  run.images.train = std::move(parts.train);
  run.fold = HeldOutFold{.images = std::move(parts.validation), .samples = samples, .of = size, .labels = labels};
}

}  // namespace

std::string fingerprint_of_labels(std::span<const std::int32_t> labels) {
  return fmt::format("{:08x}", crc32c(std::as_bytes(labels)));
}

RunData load_run_data(const TrainOptions& options) {
  if (options.data.empty() && options.dataset != "shapes10")
    throw IoError(fmt::format(
        "{} needs the folder that holds its files: give --data DIR or set SLUICE_DATA; scripts/fetch_data.sh "
        "{} fetches them; --dataset shapes10 needs none",
        options.dataset, options.dataset));
  RunData run{.images = data::load_dataset(options.dataset, options.data,
                                           {.train = options.train_images, .test = options.test_images}),
              .validation = {},
              .fold = {},
              .true_labels = {},
              .normalisation = {}};
  data::ImageSplits& images = run.images;
  run.normalisation = data::measure_normalisation(images.train);
  if (options.validation > 0) {
    auto parts = data::split_validation(images.train, options.validation, options.seed);
    images.train = std::move(parts.train);
    run.validation = std::move(parts.validation);
  }
  run.true_labels = images.train.labels;
  if (options.label_noise > 0) data::add_label_noise(images.train, options.label_noise, options.seed);
  if (!options.hold_out_fold.empty()) hold_out_fold(run, data::parse_fold(options.hold_out_fold), options.seed);
  return run;
}

}  // namespace sluice::apps
