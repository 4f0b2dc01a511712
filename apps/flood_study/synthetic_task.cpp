// SPDX-License-Identifier: Apache-2.0
#include "apps/flood_study/synthetic_task.h"

#include <algorithm>
#include <numeric>

#include <sluice/core/ops.h>
#include <sluice/core/ops/meter.h>
#include <sluice/data/loader.h>
#include <sluice/data/synthetic.h>
#include <sluice/nn/models.h>

namespace sluice::study {
namespace {

// A network takes images; a point is one of a single pixel.
Tensor as_images(const Tensor& features) { return features.reshape({features.shape()[0], 1, 1, features.shape()[1]}); }

// The chosen rows of f32 [N,D] or i32 [N].
template <class T>
Tensor gather(const Tensor& from, const std::int64_t* rows, std::int64_t count) {
  const std::int64_t width = from.size() / from.shape()[0];
  Tensor to =
      from.shape().rank() == 1 ? Tensor::empty({count}, from.dtype()) : Tensor::empty({count, width}, from.dtype());
  for (std::int64_t i = 0; i < count; ++i)
    std::copy_n(from.data<T>() + rows[i] * width, width, to.mutable_data<T>() + i * width);
  return to;
}

class SyntheticTask : public Task {
 public:
  SyntheticTask(const StudyOptions& options, const Cell& cell, std::int64_t seed)
      : seed_(static_cast<std::uint64_t>(seed)), model_(options.model), batch_size_(options.batch_size) {
    const auto make = [&](data::Part part, std::int64_t count) {
      return data::make_synthetic({.kind = data::parse_synthetic(cell.dataset),
                                   .count = count,
                                   .part = part,
                                   .seed = seed_,
                                   .label_noise = cell.noise,
                                   .spiral_noise = options.spiral_noise});
    };
    train_ = make(data::Part::train, options.train_points);
    validation_ = make(data::Part::validation, options.validation_points);
    test_ = make(data::Part::test, options.test_points);
  }

  std::unique_ptr<nn::Module> make_model() const override {
    return nn::make_model(
        {.name = model_, .image = {1, 1, train_.features.shape()[1]}, .classes = train_.classes, .seed = seed_});
  }

  std::int64_t batches_per_epoch() const override {
    return train_.size() / batch_size_ + (train_.size() % batch_size_ > 0 && !merges() ? 1 : 0);
  }

  void for_each_batch(std::int64_t epoch, const Step& step) override {
    const std::vector<std::int64_t> order = data::epoch_order(train_.size(), data::Order::shuffled, seed_, epoch);
    for (std::int64_t batch = 0; batch < batches_per_epoch(); ++batch) {
      const std::int64_t first = batch * batch_size_;
      const std::int64_t count = batch + 1 == batches_per_epoch() ? train_.size() - first : batch_size_;
      step(as_images(gather<float>(train_.features, order.data() + first, count)),
           gather<std::int32_t>(train_.labels, order.data() + first, count));
    }
  }

  Score validate(nn::Module& model) override { return evaluate(model, validation_).given; }
  TestScore test(nn::Module& model) override { return evaluate(model, test_); }

 private:
  // What is left after the last full batch, where the network can't be trained on it alone.
  bool merges() const {
    return data::last_batch_that_fits(train_.size(), batch_size_, nn::smallest_batch(model_)) == data::LastBatch::merge;
  }

  static TestScore evaluate(nn::Module& model, const data::VectorDataset& dataset) {
    constexpr std::int64_t most_rows = 500;
    model.set_mode(Mode::eval);
    TrainingMeter given, clean;
    for (std::int64_t first = 0; first < dataset.size(); first += most_rows) {
      const std::int64_t count = std::min(most_rows, dataset.size() - first);
      const Variable logits = model(as_images(dataset.features.rows(first, count)));
      const Tensor labels = dataset.labels.rows(first, count);
      const Tensor loss = ops::softmax_cross_entropy(logits, labels).value();
      given.add(loss, logits.value(), labels, 0);
      clean.add(loss, logits.value(), dataset.clean_labels.rows(first, count), 0);
    }
    const TrainingMeter::Reading reading = given.read();
    return {{reading.mean_loss, reading.accuracy}, clean.read().accuracy};
  }

  std::uint64_t seed_;
  std::string model_;
  std::int64_t batch_size_;
  data::VectorDataset train_, validation_, test_;
};

}  // namespace

std::unique_ptr<Task> make_synthetic_task(const StudyOptions& options, const Cell& cell, std::int64_t seed) {
  return std::make_unique<SyntheticTask>(options, cell, seed);
}

}  // namespace sluice::study
