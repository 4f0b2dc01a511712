// SPDX-License-Identifier: Apache-2.0
#include <sluice/sluice.h>

#include <cstdio>

using namespace sluice;

int main() {
  const data::ImageSplits images = data::load_dataset("shapes10", "");
  const data::ImageDataset train = data::take(images.train, 512);
  data::Loader loader(train, {.batch_size = 64, .seed = 1});
  const auto model = nn::make_model({.name = "resnet20", .image = {32, 32, 3}, .classes = 10, .seed = 1});
  optim::Sgd sgd(model->parameters(), {.learning_rate = 0.05, .momentum = 0.9});

  for (int epoch = 0; epoch < 2; ++epoch) {
    TrainingMeter meter;
    loader.start_epoch(epoch);
    while (const auto batch = loader.next()) {
      Tape tape;
      const Variable logits = (*model)(tape.input(batch->images));
      const Variable loss = ops::softmax_cross_entropy(logits, batch->labels);
      tape.backward(ops::flood(loss, 0.1));
      sgd.step();
      model->clear_gradients();
      meter.add(loss.value(), logits.value(), batch->labels, 0.1);
    }
    std::printf("epoch %d: loss %.3f, accuracy %.3f\n", epoch + 1, meter.read().mean_loss, meter.read().accuracy);
  }
  nn::save_model(*model, "resnet20.safetensors");
}
