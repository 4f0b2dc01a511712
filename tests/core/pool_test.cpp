// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/pool.h>

#include <gtest/gtest.h>

#include <limits>

#include <cmath>

#include <sluice/core/ops/pad.h>
#include "tests/support/op_case.h"

namespace sluice {
namespace {

TEST(MaxPool2d, NaNWinsAndLowestValuesSurvivePadding) {
  const Tensor x = Tensor::from<float>({1, NAN, 2, -INFINITY, -INFINITY, -INFINITY}, {1, 2, 3, 1});
  const auto y = ops::max_pool2d(x, {.kernel = {1, 3}, .stride = {1, 1}, .padding = {0, 1}}).value().to_vector<float>();
  for (std::size_t i = 0; i < 3; ++i) EXPECT_TRUE(std::isnan(y[i])) << i;
  for (std::size_t i = 3; i < 6; ++i) EXPECT_EQ(y[i], -INFINITY) << i;
}

TEST(MaxPool2d, GradientOfEqualsGoesToTheFirst) {
  Tape tape;
  const Variable x = tape.watched(Tensor::full({1, 2, 2, 1}, -INFINITY, DType::f32));
  tape.backward(ops::max_pool2d(x), Tensor::full({1, 1, 1, 1}, 3, DType::f32));
  EXPECT_EQ(x.gradient().to_vector<float>(), (std::vector<float>{3, 0, 0, 0}));
}

TEST(MaxPool2d, TakesTheLargestWindowThatAByteCanIndex) {
  Tensor values = Tensor::zeros({1, 16, 16, 1}, DType::f32);
  values.mutable_data<float>()[255] = 1;
  Tape tape;
  const Variable x = tape.watched(values);
  tape.backward(ops::max_pool2d(x, {.kernel = {16, 16}, .stride = {1, 1}}), Tensor::full({1, 1, 1, 1}, 1, DType::f32));
  EXPECT_EQ(x.gradient().to_vector<float>(), values.to_vector<float>());
  const Tensor larger = Tensor::zeros({1, 17, 16, 1}, DType::f32);
  EXPECT_THROW(ops::max_pool2d(larger, {.kernel = {17, 16}, .stride = {1, 1}}), std::invalid_argument);
}

TEST(Pool2d, MisuseIsNamed) {
  const Tensor x = Tensor::zeros({2, 5, 5, 3}, DType::f32);
  for (const auto op : {ops::max_pool2d, ops::avg_pool2d}) {
    EXPECT_THROW(op(x.reshape({2, 25, 3}), {}), std::invalid_argument);
    EXPECT_THROW(op(x, {.kernel = {0, 2}}), std::invalid_argument);
    EXPECT_THROW(op(x, {.stride = {2, 0}}), std::invalid_argument);
    EXPECT_THROW(op(x, {.padding = {-1, 0}}), std::invalid_argument);
    EXPECT_THROW(op(x, {.stride = {1ll << 31, 1}}), std::invalid_argument);
    EXPECT_THROW(op(x, {.padding = {std::numeric_limits<std::int64_t>::max(), 0}}), std::invalid_argument);
    EXPECT_THROW(op(x, {.padding = {2, 0}}), std::invalid_argument) << "a window of nothing but padding";
    EXPECT_THROW(op(x, {.kernel = {6, 2}}), std::invalid_argument);
    EXPECT_THROW(op(Tensor::zeros({2, 5, 5, 3}, DType::i32), {}), std::invalid_argument);
  }
  EXPECT_THROW(ops::global_average_pool(x.reshape({2, 75})), std::invalid_argument);
  EXPECT_THROW(ops::global_average_pool(Tensor::zeros({2, 0, 5, 3}, DType::f32)), std::invalid_argument);
  EXPECT_THROW(ops::pad_channels(x, -1, 2), std::invalid_argument);
}

TEST(Pool2d, OfNoImagesIsNoImages) {
  const Tensor none = Tensor::zeros({0, 4, 4, 3}, DType::f32);
  EXPECT_EQ(ops::max_pool2d(none).shape(), (Shape{0, 2, 2, 3}));
  EXPECT_EQ(ops::avg_pool2d(none).shape(), (Shape{0, 2, 2, 3}));
  EXPECT_EQ(ops::global_average_pool(none).shape(), (Shape{0, 3}));
}

}  // namespace
}  // namespace sluice
