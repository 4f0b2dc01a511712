// SPDX-License-Identifier: Apache-2.0
#include "apps/common/evaluate.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include <sluice/core/ops.h>
#include <sluice/core/ops/meter.h>
#include <sluice/data/loader.h>
#include "apps/common/interrupt.h"

namespace sluice::apps {

Evaluation evaluate(nn::Module& model, const data::ImageDataset& dataset, const data::Normalisation& normalisation,
                    DType precision, std::int64_t batch_size, KeepLogits keep) {
  const Mode before = model.mode();
  model.set_mode(Mode::eval);
  data::Loader loader(dataset, {.batch_size = batch_size,
                                .order = data::Order::sequential,
                                .normalisation = normalisation,
                                .device = model.parameters().front().variable.value().device(),
                                .precision = precision});
  loader.start_epoch(0);
  TrainingMeter meter;
  std::vector<float> logits_seen;
  std::int64_t undecided = 0;
  std::vector<double> right(static_cast<std::size_t>(dataset.classes)), seen(right);
  while (const std::optional<data::Batch> batch = loader.next()) {
    if (interrupted()) {
      model.set_mode(before);
      throw Interrupted();
    }
    const Tensor logits = model(Variable(batch->images)).value().cast(DType::f32);
    meter.add(ops::softmax_cross_entropy(logits, batch->labels).value(), logits, batch->labels, 0);
    const std::vector<float> values = logits.to_vector<float>();
    const std::vector<std::int32_t> labels = batch->labels.to_vector<std::int32_t>();
    for (std::size_t image = 0; image < labels.size(); ++image) {
      const auto row = values.begin() + static_cast<std::ptrdiff_t>(image * right.size());
      const auto label = static_cast<std::size_t>(labels[image]);
      const auto end = row + static_cast<std::ptrdiff_t>(right.size());
      ++seen[label];
      if (std::any_of(row, end, [](float logit) { return std::isnan(logit); })) {
        ++undecided;
        right[label] = std::numeric_limits<double>::quiet_NaN();
      } else if (static_cast<std::size_t>(std::max_element(row, end) - row) == label) {
        ++right[label];
      }
    }
    if (keep == KeepLogits::yes) logits_seen.insert(logits_seen.end(), values.begin(), values.end());
  }
  model.set_mode(before);
  const TrainingMeter::Reading reading = meter.read();
  Evaluation result{.loss = reading.mean_loss,
                    .accuracy = undecided == 0 ? reading.accuracy : std::numeric_limits<double>::quiet_NaN(),
                    .images = reading.images,
                    .undecided = undecided};
  for (std::size_t label = 0; label < right.size(); ++label)
    result.class_accuracy.push_back(right[label] / seen[label]);
  if (keep == KeepLogits::yes) result.logits = Tensor::from<float>(logits_seen, {reading.images, dataset.classes});
  return result;
}

}  // namespace sluice::apps
