// SPDX-License-Identifier: Apache-2.0
#include "apps/train/run_data.h"

#include <algorithm>

#include "data/datasets.h"
#include "data/transform.h"

namespace sluice::apps {
namespace {

std::int64_t limited(std::int64_t limit, std::int64_t size) { return limit == 0 ? size : std::min(limit, size); }

}  // namespace

RunData load_run_data(const TrainOptions& options) {
  RunData run{.images = data::load_dataset(options.dataset, options.data),
              .validation = {},
              .true_labels = {},
              .normalisation = {}};
  data::ImageSplits& images = run.images;
  images.train = data::take(images.train, limited(options.train_images, images.train.size()));
  images.test = data::take(images.test, limited(options.test_images, images.test.size()));
  run.normalisation = data::measure_normalisation(images.train);
  if (options.validation > 0) {
    auto parts = data::split_validation(images.train, options.validation, options.seed);
    images.train = std::move(parts.train);
    run.validation = std::move(parts.validation);
  }
  run.true_labels = images.train.labels;
  if (options.label_noise > 0) data::add_label_noise(images.train, options.label_noise, options.seed);
  return run;
}

}  // namespace sluice::apps
