// SPDX-License-Identifier: Apache-2.0
#include "apps/common/evaluate.h"

#include "core/ops.h"
#include "core/ops/meter.h"
#include "data/loader.h"

namespace sluice::apps {

Evaluation evaluate(nn::Module& model, const data::ImageDataset& dataset, const data::Normalisation& normalisation,
                    DType precision, std::int64_t batch_size) {
  const Mode before = model.mode();
  model.set_mode(Mode::eval);
  data::Loader loader(dataset, {.batch_size = batch_size, .order = data::Order::sequential, .normalisation = normalisation});
  loader.start_epoch(0);
  TrainingMeter meter;
  while (const std::optional<data::Batch> batch = loader.next()) {
    const Variable logits = model(Variable(batch->images.cast(precision)));
    meter.add(ops::softmax_cross_entropy(logits, batch->labels).value(), logits.value(), batch->labels, 0);
  }
  model.set_mode(before);
  const TrainingMeter::Reading reading = meter.read();
  return {.loss = reading.mean_loss, .accuracy = reading.accuracy, .images = reading.images};
}

}  // namespace sluice::apps
