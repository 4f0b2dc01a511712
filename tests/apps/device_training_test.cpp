// SPDX-License-Identifier: Apache-2.0
// A ResNet-20 takes ten steps on a device as it does on the CPU.
#include <gtest/gtest.h>

#include <cmath>

#include <sluice/core/ops.h>
#include <sluice/core/ops/meter.h>
#include <sluice/data/shapes10.h>
#include <sluice/kernels/runtime/device.h>
#include <sluice/kernels/runtime/settings.h>
#include <sluice/nn/models.h>
#include <sluice/optim/ema.h>
#include <sluice/optim/sgd.h>
#include "apps/common/step_runner.h"
#include "tests/support/device.h"

namespace sluice::apps {
namespace {

constexpr std::int64_t kBatch = 32;
constexpr std::int64_t kSteps = 10;

enum class Replay : bool { no, yes };

// Images of 8x8 pixels: every fourth one of the generated 32x32. Many small images: the mean of their losses is
// steadier under the roundings of bf16 than that of few large ones.
data::ImageDataset small_images() {
  const data::ImageDataset large = data::make_shapes10({.train = kBatch * kSteps, .test = 1, .seed = 3}).train;
  data::ImageDataset small = large;
  small.height = small.width = 8;
  small.images.clear();
  for (std::int64_t image = 0; image < large.size(); ++image)
    for (std::int64_t y = 0; y < 32; y += 4)
      for (std::int64_t x = 0; x < 32; x += 4) {
        const auto* pixel = large.images.data() + ((image * 32 + y) * 32 + x) * 3;
        small.images.insert(small.images.end(), pixel, pixel + 3);
      }
  return small;
}

struct Trained {
  std::vector<double> losses;
  std::vector<float> weights, average;
  std::vector<std::vector<float>> images;  // of every batch
};

Trained train(Device device, DType precision, Replay replay) {
  const data::ImageDataset dataset = small_images();
  data::Loader loader(dataset, {.batch_size = kBatch,
                                .seed = 7,
                                .order = data::Order::shuffled,
                                .augment = data::parse_augment("crop:1,flip,cutout:2"),
                                .normalisation = data::measure_normalisation(dataset),
                                .device = device,
                                .precision = precision});
  const auto model = nn::make_model({.name = "resnet20", .image = {8, 8, 3}, .seed = 1, .device = device});
  optim::Sgd sgd(model->parameters(), {.learning_rate = 0.001, .momentum = 0.9, .weight_decay = 5e-4});
  optim::ExponentialMovingAverage average(model->parameters(), model->buffers(), 0.9);
  TrainingMeter meter;
  StepRunner runner = replay == Replay::yes ? StepRunner(device, kBatch) : StepRunner();
  Tensor last = Tensor::zeros({}, DType::f32, device);
  Trained trained;
  loader.start_epoch(2);
  for (std::int64_t step = 0; step < kSteps; ++step) {
    const std::optional<data::Batch> batch = loader.next();
    trained.images.push_back(batch->images.cast(DType::f32).to_vector<float>());
    sgd.set_learning_rate(0.001 * std::cos(0.1 * static_cast<double>(step)));
    model->set_step(step);
    runner.run(*batch, [&](const data::Batch& inputs) {
      Tape tape;
      const Variable logits = (*model)(tape.input(inputs.images));
      const Variable loss = ops::softmax_cross_entropy(logits, inputs.labels);
      meter.add(loss.value(), logits.value(), inputs.labels, 2.3);
      tape.backward(ops::flood(loss, 2.3));
      sgd.step();
      model->clear_gradients();
      average.update();
      last.copy_from(loss.value());
    });
    trained.losses.push_back(last.item());
  }
  EXPECT_EQ(meter.read().images, kBatch * kSteps);
  for (const NamedParameter& parameter : model->parameters())
    for (const float value : parameter.variable.value().to_vector<float>()) trained.weights.push_back(value);
  for (const NamedTensor& entry : average.state())
    for (const float value : entry.tensor.to_vector<float>()) trained.average.push_back(value);
  return trained;
}

class DeviceTraining : public testing::TestWithParam<DType> {
 protected:
  void SetUp() override {
    if (test::test_device().kind == DeviceKind::cpu) GTEST_SKIP() << "compares a device with the cpu";
  }
};

TEST_P(DeviceTraining, FollowsTheCpuAndRepeatsItsBits) {
  const Device device = test::test_device();
  // By the plain loops: which of the fast algorithms runs is measured, and their roundings differ.
  const Trained on_cpu = [] {
    const kernels::EngineScope plain(kernels::Engine::plain);
    return train(Device{}, GetParam(), Replay::no);
  }();
  const Trained eager = train(device, GetParam(), Replay::no);
  EXPECT_EQ(eager.images, on_cpu.images) << "the same crops, flips and cutouts, bit for bit";
  // bf16 rounds every activation to 8 bits, at which sums of another order part.
  const double tolerance = GetParam() == DType::bf16 ? 2e-2 : 1e-3;
  for (std::size_t step = 0; step < kSteps; ++step)
    EXPECT_NEAR(eager.losses[step], on_cpu.losses[step], tolerance) << "step " << step;
  EXPECT_NE(on_cpu.losses.front(), on_cpu.losses.back());

  const Trained replayed = train(device, GetParam(), Replay::yes);
  EXPECT_EQ(replayed.losses, eager.losses);
  EXPECT_EQ(replayed.weights, eager.weights);
  EXPECT_EQ(replayed.average, eager.average);
}

INSTANTIATE_TEST_SUITE_P(Precisions, DeviceTraining, testing::Values(DType::f32, DType::bf16),
                         [](const auto& tested) { return std::string(name_of(tested.param)); });

}  // namespace
}  // namespace sluice::apps
