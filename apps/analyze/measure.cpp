// SPDX-License-Identifier: Apache-2.0
#include "apps/analyze/measure.h"

#include <fmt/format.h>

#include <algorithm>

#include <sluice/analysis/landscape.h>
#include <sluice/core/ops.h>
#include <sluice/data/loader.h>
#include <sluice/data/transform.h>
#include <sluice/nn/models.h>
#include <sluice/nn/state.h>
#include "apps/common/evaluate.h"
#include "apps/common/exit_codes.h"
#include "apps/common/progress.h"
#include "apps/common/tuning_file.h"
#include "apps/common/weights_file.h"
#include "apps/train/run_data.h"

namespace sluice::apps {
namespace {

TrainOptions options_of_run(const std::filesystem::path& run) {
  const std::string config = (run / "config.toml").string();
  if (!exists(run / "config.toml"))
    throw CheckpointError(fmt::format("{} holds no run: there is no config.toml in it", run.string()));
  std::vector<std::string> words{"sluice-train", "--config", config};
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  return parse_train_options(static_cast<int>(arguments.size()), arguments.data()).options;
}

std::unique_ptr<nn::Module> load_network(const TrainOptions& options, const data::ImageDataset& train,
                                         const std::filesystem::path& file) {
  auto model = nn::make_model({.name = options.model,
                               .image = {train.height, train.width, train.channels},
                               .classes = train.classes,
                               .seed = options.seed,
                               .dropout = options.dropout});
  try {
    nn::load_model(*model, file);
  } catch (const IoError& error) {
    throw CheckpointError(error.what());
  }
  model->set_mode(Mode::eval);
  return model;
}

// The images of a split in batches on the device, made once for all the points of a landscape.
class Batches {
 public:
  Batches(const data::ImageDataset& dataset, const data::Normalisation& normalisation, std::int64_t images)
      : images_(images == 0 ? dataset.size() : std::min(images, dataset.size())), part_(data::take(dataset, images_)) {
    data::Loader loader(part_, {.batch_size = 256, .normalisation = normalisation});
    loader.start_epoch(0);
    while (std::optional<data::Batch> batch = loader.next()) batches_.push_back(std::move(*batch));
  }

  double mean_loss(nn::Module& model) const {
    double sum = 0;
    for (const data::Batch& batch : batches_)
      sum += ops::softmax_cross_entropy(model(Variable(batch.images)), batch.labels).value().item() * share_of(batch);
    return sum;
  }

  analysis::GradientNorms gradient_norms(nn::Module& model) const {
    model.clear_gradients();
    for (const data::Batch& batch : batches_) {
      Tape tape;
      const Variable loss = ops::softmax_cross_entropy(model(tape.input(batch.images)), batch.labels);
      tape.backward(ops::multiply(loss, share_of(batch)));
    }
    const analysis::GradientNorms norms = analysis::gradient_norms(model.parameters());
    model.clear_gradients();
    return norms;
  }

 private:
  double share_of(const data::Batch& batch) const {
    return static_cast<double>(batch.labels.size()) / static_cast<double>(images_);
  }

  std::int64_t images_;
  data::ImageDataset part_;
  std::vector<data::Batch> batches_;
};

std::vector<double> evenly_spaced(std::int64_t count, double radius) {
  std::vector<double> positions;
  for (std::int64_t i = 0; i < count; ++i)
    positions.push_back(count == 1 ? 0 : radius * (2 * static_cast<double>(i) / static_cast<double>(count - 1) - 1));
  return positions;
}

void measure_landscapes(RunMeasure& measure, nn::Module& model, const Batches& train, const Batches& test,
                        const MeasureOptions& options) {
  const std::vector<NamedParameter> parameters = model.parameters();
  const analysis::Direction d = analysis::filter_normalised_direction(parameters, options.seed, 0);
  measure.positions = evenly_spaced(options.points, options.radius);
  measure.sides = evenly_spaced(options.grid, options.radius);
  const std::int64_t total = 2 * options.points + options.grid * options.grid;
  Progress progress(fmt::format("{}: landscape", measure.name), total);
  const auto loss_on = [&](const Batches& batches) {
    return [&] {
      const double loss = batches.mean_loss(model);
      progress.advance(1, [loss] { return fmt::format("loss {:.4f}", loss); });
      return loss;
    };
  };
  measure.train.line = analysis::landscape_line(parameters, d, measure.positions, loss_on(train));
  measure.test.line = analysis::landscape_line(parameters, d, measure.positions, loss_on(test));
  if (options.grid == 0) return;
  const analysis::Direction e = analysis::filter_normalised_direction(parameters, options.seed, 1);
  measure.plane = analysis::landscape_plane(parameters, d, e, measure.sides, measure.sides, loss_on(train));
}

}  // namespace

RunMeasure measure_run(const std::filesystem::path& run, const MeasureOptions& options) {
  TrainOptions trained = options_of_run(run);
  if (!options.data.empty()) trained.data = options.data;
  const std::filesystem::path file = weights_file(run).path;
  if (exists(run / "tuning.json")) load_tuning(run / "tuning.json");
  const RunData data = load_run_data(trained);
  const data::ImageDataset& train = data.images.train;
  const auto model = load_network(trained, train, file);

  RunMeasure measure{.name = run.filename().empty() ? run.parent_path().filename().string() : run.filename().string(),
                     .checkpoint = file.string()};
  const Evaluation on_train = evaluate(*model, train, data.normalisation, DType::f32, 256, KeepLogits::yes);
  const Evaluation on_test = evaluate(*model, data.images.test, data.normalisation, DType::f32, 256, KeepLogits::yes);
  measure.memorisation = analysis::memorisation(on_train.logits, train.labels, data.true_labels);
  const Tensor test_labels = Tensor::from<std::int32_t>(data.images.test.labels, {data.images.test.size()});
  measure.calibration = analysis::calibrate(on_test.logits, test_labels, options.bins);

  const Batches train_batches(train, data.normalisation, options.images);
  const Batches test_batches(data.images.test, data.normalisation, options.images);
  measure.train = {on_train.loss, on_train.accuracy, train_batches.gradient_norms(*model), {}};
  measure.test = {on_test.loss, on_test.accuracy, test_batches.gradient_norms(*model), {}};
  measure_landscapes(measure, *model, train_batches, test_batches, options);
  return measure;
}

}  // namespace sluice::apps
