// SPDX-License-Identifier: Apache-2.0
// A flooded loss of one's own, on a tape of Sluice's: below the level the gradient is turned round and multiplied by
// `ascent`. 1 is flooding (Ishida et al., 2020), 0 pauses where flooding ascends, anything between is for you to try.
#include <sluice/sluice.h>

#include <cstdio>
#include <functional>

using namespace sluice;

// loss [] -> [], the same value above the level.
Variable leaky_flood(const Variable& loss, double level, double ascent) {
  const double value = loss.value().item();
  const double slope = value > level ? 1 : value < level ? -ascent : 0;
  const Tensor result = Tensor::full({}, level + slope * (value - level), loss.dtype());
  return record("leaky_flood", result, {&loss}, [slope](const Tensor& gradient, Gradients& inputs) {
    inputs.add(0, ops::multiply(gradient, slope).value());
  });
}

struct Outcome {
  double train_loss, test_loss, test_accuracy;
};

// Trains the paper's network on its Gaussians, of whose labels a tenth is wrong.
Outcome train(const std::function<Variable(const Variable&)>& objective) {
  const auto points = [](data::Part part, std::int64_t count) {
    const data::VectorDataset set = data::make_synthetic(
        {.kind = data::Synthetic::gaussian, .count = count, .part = part, .seed = 1, .label_noise = 0.1});
    return std::pair(set.features.reshape({count, 1, 1, 10}), set.labels);
  };
  const auto [train_x, train_y] = points(data::Part::train, 100);
  const auto [test_x, test_y] = points(data::Part::test, 1000);
  const auto model = nn::make_model({.name = "mlp_paper", .image = {1, 1, 10}, .classes = 2, .seed = 1});
  optim::Adam adam(model->parameters(), {.learning_rate = 1e-3});

  double train_loss = 0;
  for (int step = 0; step < 80; ++step) {
    Tape tape;
    const Variable loss = ops::softmax_cross_entropy((*model)(tape.input(train_x)), train_y);
    train_loss = loss.value().item();
    tape.backward(objective(loss));
    adam.step();
    adam.clear_gradients();
  }
  model->set_mode(Mode::eval);
  const Variable logits = (*model)(test_x);
  TrainingMeter meter;
  meter.add(ops::softmax_cross_entropy(logits, test_y).value(), logits.value(), test_y, 0);
  return {train_loss, meter.read().mean_loss, meter.read().accuracy};
}

int main() {
  const double level = 0.3;
  const auto report = [](const char* name, const Outcome& outcome) {
    std::printf("%-12s train loss %.4f, test loss %.4f, test accuracy %.4f\n", name, outcome.train_loss,
                outcome.test_loss, outcome.test_accuracy);
  };
  report("plain", train([](const Variable& loss) { return loss; }));
  report("flood", train([&](const Variable& loss) { return ops::flood(loss, level); }));
  report("ascent 1", train([&](const Variable& loss) { return leaky_flood(loss, level, 1); }));
  report("ascent 0.5", train([&](const Variable& loss) { return leaky_flood(loss, level, 0.5); }));
  report("ascent 0", train([&](const Variable& loss) { return leaky_flood(loss, level, 0); }));
}
