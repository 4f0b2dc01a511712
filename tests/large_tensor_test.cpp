// SPDX-License-Identifier: Apache-2.0
// Tensors of more than 2^31 elements: the last of many images must come out as it does alone. They take up to 14 GiB,
// so they are skipped unless SLUICE_TEST_LARGE is set; scripts/gpu_check.sh sets it.
#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <functional>
#include <string>

#include <sluice/base/philox.h>
#include <sluice/core/ops.h>
#include <sluice/kernels/runtime/memory.h>
#include "tests/support/device.h"

namespace sluice {
namespace {

using UnaryOp = std::function<Variable(const Variable&)>;

constexpr std::int64_t kSide = 64, kChannels = 64, kImage = kSide * kSide * kChannels;
constexpr std::int64_t kImages = (std::int64_t{1} << 31) / kImage + 1;

Tensor random_tensor(const Shape& shape, std::uint64_t seed) {
  PhiloxStream random(seed, RandomPurpose::test, 0);
  std::vector<float> values(static_cast<std::size_t>(shape.size()));
  for (float& value : values) value = random.next_uniform() - 0.5f;
  return Tensor::from<float>(values, shape, test::test_device());
}

// `count` images, or gradients, all zeros but the last.
Tensor with_last(std::int64_t count, const Tensor& last) {
  const Shape& one = last.shape();
  Tensor all = Tensor::zeros({count, one[1], one[2], one[3]}, last.dtype(), last.device());
  kernels::copy_bytes(exec_of(all), all.device(),
                      static_cast<std::byte*>(all.raw_to_write()) + all.bytes() - last.bytes(), last.device(),
                      last.raw(), last.bytes());
  return all;
}

std::vector<float> last_of(const Tensor& all) {
  return all.rows(all.shape()[0] - 1, 1).cast(DType::f32).to_vector<float>();
}

class LargeTensor : public testing::Test {
 protected:
  void SetUp() override {
    if (std::getenv("SLUICE_TEST_LARGE") == nullptr) GTEST_SKIP() << "takes 14 GiB; set SLUICE_TEST_LARGE to run it";
    image_ = random_tensor({1, kSide, kSide, kChannels}, 1).cast(DType::bf16);
  }

  void expect_last_as_alone(const UnaryOp& op, float tolerance = 0) {
    const std::vector<float> alone = last_of(op(Variable(image_)).value());
    const Tensor all = op(Variable(with_last(kImages, image_))).value();
    ASSERT_EQ(all.shape()[0], kImages);
    expect_near(last_of(all), alone, tolerance);
  }

  void expect_last_gradient_as_alone(const UnaryOp& op, float tolerance = 0) {
    const auto gradient = [&](const Tensor& x) {
      Tape tape;
      const Variable input = tape.watched(x);
      const Variable y = op(input);
      const Tensor dy = random_tensor({1, y.shape()[1], y.shape()[2], y.shape()[3]}, 2).cast(DType::bf16);
      tape.backward(y, with_last(y.shape()[0], dy));
      return last_of(input.gradient());
    };
    const std::vector<float> alone = gradient(image_);
    expect_near(gradient(with_last(kImages, image_)), alone, tolerance);
  }

  static void expect_near(const std::vector<float>& got, const std::vector<float>& expected, float tolerance) {
    ASSERT_EQ(got.size(), expected.size());
    for (std::size_t i = 0; i < got.size(); ++i)
      ASSERT_LE(std::abs(got[i] - expected[i]), tolerance * (1 + std::abs(expected[i]))) << "element " << i;
  }

  Tensor image_;  // [1,H,W,C] bf16
};

TEST_F(LargeTensor, Relu) { expect_last_as_alone(ops::relu); }

TEST_F(LargeTensor, MaxPool) {
  const UnaryOp op = [](const Variable& x) { return ops::max_pool2d(x, {.kernel = {4, 4}, .stride = {4, 4}}); };
  expect_last_as_alone(op);
  expect_last_gradient_as_alone(op);
}

TEST_F(LargeTensor, AveragePool) {
  const UnaryOp op = [](const Variable& x) { return ops::avg_pool2d(x, {.kernel = {4, 4}, .stride = {4, 4}}); };
  expect_last_as_alone(op);
  expect_last_gradient_as_alone(op);
}

TEST_F(LargeTensor, GlobalAveragePool) { expect_last_as_alone(ops::global_average_pool); }

TEST_F(LargeTensor, BatchNorm) {
  const Variable weight(random_tensor({kChannels}, 3)), bias(random_tensor({kChannels}, 4));
  ops::BatchNormStatistics statistics{Tensor::zeros({kChannels}, DType::f32, test::test_device()),
                                      Tensor::full({kChannels}, 2, DType::f32, test::test_device())};
  expect_last_as_alone(
      [&](const Variable& x) { return ops::batch_norm(x, weight, bias, statistics, {.mode = Mode::eval}); });
}

TEST_F(LargeTensor, LayerNorm) {
  const Variable weight(random_tensor({kChannels}, 3)), bias(random_tensor({kChannels}, 4));
  expect_last_as_alone([&](const Variable& x) { return ops::layer_norm(x, weight, bias); });
}

// Algorithms differ by the shape, and with them the order of the sums.
TEST_F(LargeTensor, Convolution) {
  const Variable weight(random_tensor({16, 3, 3, kChannels}, 5));
  const UnaryOp op = [&](const Variable& x) {
    return ops::conv2d(x, weight, {}, {.stride = {2, 2}, .padding = {1, 1}});
  };
  expect_last_as_alone(op, 1e-2f);
  expect_last_gradient_as_alone(op, 1e-2f);
}

TEST_F(LargeTensor, GradientOfAConvolutionsWeight) {
  const auto gradient = [&](const Tensor& x) {
    const Variable weight = parameter(random_tensor({16, 3, 3, kChannels}, 5));
    Tape tape;
    const Variable y = ops::conv2d(tape.input(x), weight, {}, {.stride = {2, 2}, .padding = {1, 1}});
    const Tensor dy = random_tensor({1, y.shape()[1], y.shape()[2], y.shape()[3]}, 2).cast(DType::bf16);
    tape.backward(y, with_last(y.shape()[0], dy));
    return weight.gradient().to_vector<float>();
  };
  const std::vector<float> alone = gradient(image_);
  expect_near(gradient(with_last(kImages, image_)), alone, 1e-2f);
}

TEST_F(LargeTensor, CrossEntropy) {
  // The mean over rows of equal logits is log C whatever their number.
  constexpr std::int64_t classes = 1024, rows = (std::int64_t{1} << 31) / classes + 1;
  Tape tape;
  const Variable logits = tape.watched(Tensor::zeros({rows, classes}, DType::bf16, test::test_device()));
  const Variable loss = ops::softmax_cross_entropy(logits, Tensor::zeros({rows}, DType::i32, test::test_device()));
  EXPECT_NEAR(loss.value().item(), std::log(static_cast<double>(classes)), 1e-4);
}

}  // namespace
}  // namespace sluice
