// SPDX-License-Identifier: Apache-2.0
#include "apps/flood_study/image_task.h"

#include <algorithm>

#include <sluice/data/datasets.h>
#include <sluice/data/loader.h>
#include <sluice/data/transform.h>
#include <sluice/nn/models.h>
#include "apps/common/evaluate.h"

namespace sluice::study {
namespace {

// The first images, as many as make one whole batch and the rest that a last batch is.
data::ImageDataset shortest_alike(const data::ImageDataset& images, std::int64_t batch_size) {
  return data::take(images, std::min(images.size(), batch_size + images.size() % batch_size));
}

class ImageTask : public Task {
 public:
  ImageTask(const StudyOptions& options, data::ValidationSplit parts, data::ImageDataset test, std::int64_t seed)
      : seed_(static_cast<std::uint64_t>(seed)),
        model_(options.model),
        train_(std::move(parts.train)),
        validation_(std::move(parts.validation)),
        test_(std::move(test)),
        loader_(train_, {.batch_size = options.batch_size,
                         .seed = seed_,
                         .order = data::Order::shuffled,
                         .last_batch = data::last_batch_that_fits(train_.size(), options.batch_size,
                                                                  nn::smallest_batch(options.model)),
                         .smallest_batch = nn::smallest_batch(options.model),
                         .augment = data::parse_augment(options.augment)}) {}

  std::unique_ptr<nn::Module> make_model() const override {
    return nn::make_model({.name = model_,
                           .image = {train_.height, train_.width, train_.channels},
                           .classes = train_.classes,
                           .seed = seed_});
  }

  std::int64_t batches_per_epoch() const override { return loader_.batches_per_epoch(); }

  void for_each_batch(std::int64_t epoch, const Step& step) override {
    loader_.start_epoch(epoch);
    while (const std::optional<data::Batch> batch = loader_.next()) step(batch->images, batch->labels);
  }

  Score validate(nn::Module& model) override { return score(model, validation_); }
  TestScore test(nn::Module& model) override {
    const Score given = score(model, test_);
    return {given, given.accuracy};
  }

 private:
  static Score score(nn::Module& model, const data::ImageDataset& images) {
    model.set_mode(Mode::eval);
    const apps::Evaluation found = apps::evaluate(model, images, {}, DType::f32, kEvaluationBatch);
    return {found.loss, found.accuracy};
  }

  std::uint64_t seed_;
  std::string model_;
  data::ImageDataset train_, validation_, test_;
  data::Loader loader_;
};

data::ValidationSplit split(const StudyOptions& options, const data::ImageDataset& images, std::int64_t seed) {
  data::ValidationSplit parts = data::split_validation(images, options.validation, static_cast<std::uint64_t>(seed));
  require(parts.validation.size() > 0, "validation", "expects a share of ", images.size(),
          " images that holds one or more, got ", options.validation);
  return parts;
}

}  // namespace

data::ImageSplits load_images(const StudyOptions& options) {
  return data::load_dataset(options.study, options.data, {.train = options.train_images, .test = options.test_images});
}

std::unique_ptr<Task> make_image_task(const StudyOptions& options, const data::ImageSplits& images, const Cell& cell,
                                      std::int64_t seed) {
  data::ImageDataset train = images.train;
  data::add_label_noise(train, cell.noise, static_cast<std::uint64_t>(seed));
  return std::make_unique<ImageTask>(options, split(options, train, seed), images.test, seed);
}

std::unique_ptr<Task> make_rehearsal(const StudyOptions& options, const data::ImageSplits& images) {
  data::ValidationSplit parts = split(options, images.train, 0);
  parts.train = shortest_alike(parts.train, options.batch_size);
  parts.validation = shortest_alike(parts.validation, kEvaluationBatch);
  return std::make_unique<ImageTask>(options, std::move(parts), shortest_alike(images.test, kEvaluationBatch), 0);
}

}  // namespace sluice::study
