// SPDX-License-Identifier: Apache-2.0
// What has no case in tests/cases because it is not recorded: updates of parameters, the meter, augmentation; and masks
// and pixels that are the same bits on every device. Each is compared with the CPU.
#include <gtest/gtest.h>

#include <cstring>

#include <sluice/core/ops/batch_norm.h>
#include <sluice/core/ops/conv2d.h>
#include <sluice/core/ops/dropout.h>
#include <sluice/core/ops/flood_rows.h>
#include <sluice/core/ops/meter.h>
#include <sluice/core/ops/update.h>
#include <sluice/kernels/augment.h>
#include <sluice/kernels/runtime/dispatch.h>
#include "tests/support/device.h"
#include "tests/support/op_case.h"

namespace sluice::test {
namespace {

std::vector<float> floats(const Tensor& tensor) { return tensor.to(Device{}).cast(DType::f32).to_vector<float>(); }

// The sizes of a small network's parameters and of one that takes several blocks, and more of them than one launch
// takes; none is a whole number of packs.
std::vector<std::int64_t> sizes(std::size_t count) {
  std::vector<std::int64_t> result;
  for (std::size_t i = 0; i < count; ++i) result.push_back(std::array{1, 3, 35, 9, 130}[i % 5]);
  result[count / 2] = 9001;
  return result;
}

struct Network {
  std::vector<ops::ParameterUpdate> updates;

  Network(std::size_t count, Device device) {
    std::uint32_t stream = 0;
    for (const std::int64_t size : sizes(count)) {
      const auto tensor = [&](double low) { return random_tensor({size}, DType::f32, stream++, low, 1).to(device); };
      updates.push_back({.value = tensor(-1),
                         .gradient = tensor(-1),
                         .first = tensor(-1),
                         .second = tensor(0),
                         .step = Tensor::full({}, 3, DType::f64, device),
                         .weight_decay = size == 3 ? 0 : 0.1});
    }
  }
  std::vector<Tensor> gradients() const {
    std::vector<Tensor> result;
    for (const ops::ParameterUpdate& update : updates) result.push_back(update.gradient);
    return result;
  }
};

// Runs `step` on the CPU's network and on the device's, and compares all that it may have changed.
template <class Step>
void expect_same_networks(const Step& step, double tolerance) {
  for (const std::size_t count : {std::size_t{1}, std::size_t{7}, std::size_t{70}}) {
    SCOPED_TRACE(count);
    const Network expected(count, Device{}), actual(count, test_device());
    step(expected);
    step(actual);
    for (std::size_t i = 0; i < expected.updates.size(); ++i) {
      const ops::ParameterUpdate &a = actual.updates[i], &e = expected.updates[i];
      EXPECT_LE(deviation(a.value, e.value), tolerance) << "value " << i;
      EXPECT_LE(deviation(a.gradient, e.gradient), tolerance) << "gradient " << i;
      EXPECT_LE(deviation(a.first, e.first), tolerance) << "first " << i;
      EXPECT_LE(deviation(a.second, e.second), tolerance) << "second " << i;
      EXPECT_EQ(a.step.item(), e.step.item()) << i;
    }
  }
}

Tensor rate_beside(const Network& network, double rate) {
  return Tensor::full({}, rate, DType::f64, network.updates[0].value.device());
}

TEST(DeviceParity, Sgd) {
  for (const ops::Momentum kind : {ops::Momentum::none, ops::Momentum::heavy_ball, ops::Momentum::nesterov})
    expect_same_networks(
        [&](const Network& n) { ops::sgd_step(n.updates, {.kind = kind, .momentum = 0.9}, rate_beside(n, 0.3)); },
        1e-6);
}

TEST(DeviceParity, Adam) {
  for (const ops::Decay decay : {ops::Decay::coupled, ops::Decay::decoupled})
    expect_same_networks(
        [&](const Network& n) {
          for (int step = 0; step < 2; ++step) ops::adam_step(n.updates, {.decay = decay}, rate_beside(n, 0.01));
        },
        2e-6);
}

TEST(DeviceParity, Average) {
  expect_same_networks(
      [](const Network& n) {
        std::vector<ops::AverageUpdate> updates;
        for (const ops::ParameterUpdate& update : n.updates) updates.push_back({update.value, update.first});
        ops::average_step(updates, 0.7);
      },
      1e-6);
}

TEST(DeviceParity, NormClipAndAscent) {
  expect_same_networks(
      [](const Network& n) {
        const Tensor norm = ops::gradient_norm(n.gradients());
        // One number each into what is compared.
        ops::scale_in_place(n.gradients(), ops::clip_factor(norm, 0.5));
        ops::sgd_step(n.updates, {}, ops::ascent_rate(norm, 0.1));
      },
      1e-6);
}

TEST(DeviceParity, DropoutHasTheSameBits) {
  for (const std::int64_t size : {1, 4, 7, 4099})
    for (const DType dtype : {DType::f32, DType::bf16}) {
      const Tensor x = random_tensor({size}, dtype, 1);
      const auto dropped = [&](Device device) {
        return floats(ops::dropout(x.to(device), 0.3, 77, 5, Mode::train).value());
      };
      EXPECT_EQ(dropped(test_device()), dropped(Device{})) << name_of(dtype) << ' ' << size;
    }
}

TEST(DeviceParity, ClassLevelsAreGatheredByLabel) {
  // More rows than a block has threads; labels outside of the classes have level 0.
  constexpr std::int64_t rows = 300, classes = 7;
  const Tensor levels = random_tensor({classes}, DType::f32, 1, 0, 1);
  Tensor labels = Tensor::zeros({rows}, DType::i32);
  for (std::int64_t i = 0; i < rows; ++i)
    labels.mutable_data<std::int32_t>()[i] = static_cast<std::int32_t>(i % 11 == 3 ? -100 : i * 5 % (classes + 2));
  const auto gathered = [&](Device device) { return floats(ops::class_levels(levels.to(device), labels.to(device))); };
  EXPECT_EQ(gathered(test_device()), gathered(Device{}));
}

TEST(DeviceParity, MeterCountsAlike) {
  for (const auto& [rows, classes] :
       {std::pair{3, 2}, std::pair{1000, 10}, std::pair{33, 20}, std::pair{70, 100}, std::pair{9, 700}})
    for (const DType dtype : {DType::f32, DType::bf16}) {
      // Coarse, so that there are equals among the largest.
      Tensor logits = random_tensor({rows, classes}, DType::f64, 1, -2, 2);
      for (std::int64_t i = 0; i < logits.size(); ++i)
        logits.mutable_data<double>()[i] = std::round(2 * logits.mutable_data<double>()[i]);
      logits = logits.cast(dtype);
      Tensor labels = Tensor::zeros({rows}, DType::i32);
      for (std::int64_t i = 0; i < rows; ++i)
        labels.mutable_data<std::int32_t>()[i] = static_cast<std::int32_t>(i % 7 == 3 ? -100 : i * 5 % (classes + 1));
      const auto state_on = [&](Device device) {
        TrainingMeter meter;
        const Tensor loss = Tensor::full({}, 0.3, DType::f32, device);
        for (const double level : {0.0, 0.2, 0.5}) meter.add(loss, logits.to(device), labels.to(device), level);
        meter.close_batch(loss);
        return meter.state().to_vector<double>();
      };
      EXPECT_EQ(state_on(test_device()), state_on(Device{})) << rows << 'x' << classes << ' ' << name_of(dtype);
    }
}

template <class T>
Tensor bytes_of(const std::vector<T>& values, Device device) {
  std::vector<std::uint8_t> bytes(values.size() * sizeof(T));
  std::memcpy(bytes.data(), values.data(), bytes.size());
  return Tensor::from<std::uint8_t>(bytes, {static_cast<std::int64_t>(bytes.size())}, device);
}

template <class T>
std::vector<float> augmented(const kernels::AugmentGeometry& g, double epoch, Device device) {
  const std::int64_t size = g.height * g.width * g.channels;
  const std::vector<std::int64_t> which{4, 0, 3, 3, 1, 2};
  std::vector<std::uint8_t> images(static_cast<std::size_t>(5 * size));
  for (std::size_t i = 0; i < images.size(); ++i) images[i] = static_cast<std::uint8_t>(i * 37 + i / 251);
  const Tensor values = random_tensor({g.channels, 256}, DType::f32, 3, -2, 2).to(device);
  const Tensor indices = bytes_of(which, device), pixels = bytes_of(images, device);
  const Tensor when = Tensor::full({}, epoch, DType::f64, device);
  Tensor y = Tensor::empty({g.samples, size}, dtype_of<T>, device);
  const Exec exec = exec_of(y);
  const auto* rows = static_cast<const std::int64_t*>(indices.raw());
  const Tensor labels = Tensor::from<std::int32_t>({10, 11, 12, 13, 14}, {5}, device);
  Tensor gathered = Tensor::empty({g.samples}, DType::i32, device);
  dispatch_device(exec, "augment", [&]<class OnDevice>() {
    kernels::Augment<OnDevice>::images(exec, g, 11, when.data<double>(), rows, pixels.data<std::uint8_t>(),
                                       values.data<float>(), y.mutable_data<T>());
    kernels::Augment<OnDevice>::labels(exec, g.samples, rows, labels.data<std::int32_t>(),
                                       gathered.mutable_data<std::int32_t>());
  });
  EXPECT_EQ(gathered.to(Device{}).to_vector<std::int32_t>(), (std::vector<std::int32_t>{14, 10, 13, 13, 11, 12}));
  return floats(y);
}

TEST(DeviceParity, AugmentationHasTheSameBits) {
  using kernels::Flip;
  for (const kernels::AugmentGeometry& g :
       {kernels::AugmentGeometry{6, 32, 32, 3, {.crop_padding = 4, .flip = Flip::horizontal, .cutout = 16}},
        kernels::AugmentGeometry{6, 28, 28, 1, {.crop_padding = 4}},
        kernels::AugmentGeometry{6, 7, 5, 3, {.crop_padding = 5, .flip = Flip::horizontal, .cutout = 3}},
        // More channels than a table in shared memory has room for.
        kernels::AugmentGeometry{6, 3, 3, 60, {.flip = Flip::horizontal}},
        kernels::AugmentGeometry{6, 1, 1, 1, {.crop_padding = 1, .cutout = 1}}})
    for (const double epoch : {0.0, 1.0, 2.0}) {
      EXPECT_EQ(augmented<float>(g, epoch, test_device()), augmented<float>(g, epoch, Device{}));
      EXPECT_EQ(augmented<BFloat16>(g, epoch, test_device()), augmented<BFloat16>(g, epoch, Device{}));
    }
}

// The first rows are what sums are taken around, so they are made the worst of all.
TEST(DeviceParity, LargeMeansCostBatchNormNoDigitsOfTheDeviation) {
  constexpr std::int64_t rows = 4000, channels = 20;
  for (const double first_rows : {1e4, 0.0}) {
    SCOPED_TRACE(first_rows);
    Tensor x = random_tensor({rows, channels}, DType::f64, 1, -2, 2);
    for (std::int64_t i = 0; i < x.size(); ++i) x.mutable_data<double>()[i] += i < 3 * channels ? first_rows : 1e4;
    x = x.cast(DType::f32);
    const auto normalise = [&](DType dtype, Device device) {
      ops::BatchNormStatistics statistics{Tensor::zeros({channels}, dtype, device),
                                          Tensor::zeros({channels}, dtype, device)};
      const Variable y = ops::batch_norm(x.cast(dtype).to(device), Tensor::full({channels}, 1, dtype, device),
                                         Tensor::zeros({channels}, dtype, device), statistics, {.momentum = 1});
      return std::pair(y.value(), statistics.running_var);
    };
    const auto [expected, expected_variance] = normalise(DType::f64, Device{});
    const auto [actual, variance] = normalise(DType::f32, test_device());
    EXPECT_LE(deviation(actual, expected), 1e-3);
    EXPECT_LE(deviation(variance, expected_variance), 1e-4);
  }
}

// By the moments that a convolution leaves on a device that has them, where its mean is far from 0; and without them on
// the cpu, in double. In f32 alone: bf16 has no digits left at such a mean.
TEST(DeviceParity, BatchNormTakesAConvolutionsMoments) {
  struct Layer {
    Shape x, weight;
    std::int64_t groups = 1;
  };
  for (const Layer& layer : {Layer{{3, 9, 7, 16}, {24, 3, 3, 16}}, Layer{{9, 9, 7, 3}, {5, 3, 3, 3}},
                             Layer{{2, 5, 5, 8}, {40, 1, 1, 8}}, Layer{{2, 5, 5, 8}, {8, 3, 3, 2}, 4}}) {
    const std::int64_t channels = layer.weight[0];
    SCOPED_TRACE(layer.weight);
    const auto run = [&](DType dtype, Device device, bool expect_moments) {
      const auto tensor = [&](const Shape& shape, std::uint32_t stream, double low, double high) {
        return random_tensor(shape, DType::f32, stream, low, high).cast(dtype).to(device);
      };
      ops::BatchMoments moments;
      const Variable y = ops::conv2d(tensor(layer.x, 1, -1, 1), tensor(layer.weight, 2, -1, 1),
                                     tensor({channels}, 3, 999, 1000), {.groups = layer.groups}, &moments);
      EXPECT_EQ(moments.defined(), expect_moments);
      ops::BatchNormStatistics statistics{tensor({channels}, 4, -1, 1), tensor({channels}, 5, 1, 2)};
      const Variable z = ops::batch_norm(y, tensor({channels}, 6, 1, 2), tensor({channels}, 7, -1, 1), statistics,
                                         {.momentum = 0.4, .moments = moments});
      return std::array{z.value(), statistics.running_mean, statistics.running_var};
    };
    const auto expected = run(DType::f64, Device{}, false);
    const bool leaves = test_device().kind == DeviceKind::cuda && layer.groups == 1;
    const auto actual = run(DType::f32, test_device(), leaves);
    EXPECT_LE(deviation(actual[0], expected[0]), 1e-3);
    EXPECT_LE(deviation(actual[1], expected[1]), 1e-6);
    EXPECT_LE(deviation(actual[2], expected[2]), 1e-3);
  }
}

}  // namespace
}  // namespace sluice::test
