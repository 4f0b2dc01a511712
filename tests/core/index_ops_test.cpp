// SPDX-License-Identifier: Apache-2.0
// Operations by indices beside what every operation owes (ops_test): one_hot, integers, and indices that are not there.
#include <gtest/gtest.h>

#include <cmath>

#include <sluice/core/ops/index.h>
#include "tests/support/device.h"

namespace sluice::test {
namespace {

Tensor indices(std::initializer_list<std::int32_t> values, const Shape& shape) {
  return Tensor::from<std::int32_t>(values, shape, test_device());
}

TEST(IndexOps, OneHotHasAOneAtEachIndex) {
  for (const DType dtype : {DType::f32, DType::bf16}) {
    const Tensor y = ops::one_hot(indices({2, 0, 1}, {3, 1}), 3, dtype);
    EXPECT_EQ(y.shape(), (Shape{3, 1, 3}));
    EXPECT_EQ(y.cast(DType::f32).to_vector<float>(), (std::vector<float>{0, 0, 1, 1, 0, 0, 0, 1, 0}));
  }
}

TEST(IndexOps, TakeIntegersAndMaskThem) {
  const Tensor x = indices({10, 11, 12, 13}, {4});
  EXPECT_EQ(ops::index_select(x, indices({3, 0, 3}, {3}), 0).value().to_vector<std::int32_t>(),
            (std::vector<std::int32_t>{13, 10, 13}));
  EXPECT_EQ(ops::gather(x, indices({1, 1}, {2}), 0).value().to_vector<std::int32_t>(),
            (std::vector<std::int32_t>{11, 11}));
  const Tensor mask = Tensor::from<std::uint8_t>({0, 1, 0, 255}, {4}, test_device());
  EXPECT_EQ(ops::masked_fill(x, mask, -7).value().to_vector<std::int32_t>(),
            (std::vector<std::int32_t>{10, -7, 12, -7}));
  const Tensor bytes = Tensor::from<std::uint8_t>({1, 2, 3}, {3}, test_device());
  EXPECT_EQ(ops::index_select(bytes, indices({2, 1}, {2}), 0).value().to_vector<std::uint8_t>(),
            (std::vector<std::uint8_t>{3, 2}));
}

template <class F>
std::string error_of(const F& call) {
  try {
    call();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "no error";
}

TEST(IndexOps, ErrorsNameOperationExpectationAndFinding) {
  const Variable x = Tensor::zeros({2, 3}, DType::f32, test_device());
  EXPECT_EQ(error_of([&] {
              ops::index_select(x, indices({0}, {1, 1}), 0);
            }),
            "[index_select] expects indices [M], got [1,1]");
  EXPECT_EQ(error_of([&] { ops::index_select(x, x.value(), 2); }), "[index_select] expects an axis in [-2,2), got 2");
  EXPECT_EQ(error_of([&] { ops::gather(x, x.value(), 1); }), "[gather] expects indices of i32, got f32");
  EXPECT_EQ(error_of([&] {
              ops::gather(x, indices({0, 0, 0}, {3, 1}), 1);
            }),
            "[gather] expects indices of the shape of x [2,3] but for axis 1, got [3,1]");
  EXPECT_EQ(error_of([&] {
              ops::scatter_add(x, indices({0, 0}, {2, 1}), x, 1);
            }),
            "[scatter_add] expects a source of f32[2,1], got f32[2,3]");
  EXPECT_EQ(error_of([&] { ops::embedding(Tensor::zeros({3}, DType::f32, test_device()), indices({0}, {1})); }),
            "[embedding] expects a table [V,D], got [3]");
  EXPECT_EQ(error_of([&] { ops::masked_fill(x, x.value(), 0); }), "[masked_fill] expects a mask of u8, got f32");
  EXPECT_EQ(error_of([&] { ops::one_hot(indices({0}, {1}), -1); }), "[one_hot] expects at least 0 classes, got -1");
}

TEST(IndexOps, AnIndexThatIsNotThereIsRefusedOnTheCpu) {
  if (test_device() != Device{}) GTEST_SKIP() << "the host can't read the indices";
  const Variable x = Tensor::zeros({2, 3}, DType::f32);
  EXPECT_EQ(error_of([&] {
              ops::index_select(x, indices({0, 3}, {2}), 1);
            }),
            "[index_select] expects indices from 0 to 2, got 3 at element 1");
  EXPECT_EQ(error_of([&] {
              ops::gather(x, indices({-1, 0}, {2, 1}), 1);
            }),
            "[gather] expects indices from 0 to 2, got -1 at element 0");
  EXPECT_EQ(error_of([&] { ops::one_hot(indices({5}, {1}), 5); }),
            "[one_hot] expects indices from 0 to 4, got 5 at element 0");
}

TEST(IndexOps, AnIndexThatIsNotThereIsNaNOnTheDevice) {
  if (test_device() == Device{}) GTEST_SKIP() << "the cpu refuses it";
  const auto nans = [](const Tensor& y) {
    std::vector<bool> result;
    for (const float value : y.to_vector<float>()) result.push_back(std::isnan(value));
    return result;
  };
  const Tensor x = Tensor::zeros({2, 2}, DType::f32, test_device());
  const Tensor index = indices({0, -1}, {2, 1}), rows = indices({1, 2}, {2});
  EXPECT_EQ(nans(ops::index_select(x, rows, 0).value()), (std::vector<bool>{false, false, true, true}));
  EXPECT_EQ(nans(ops::gather(x, index, 1).value()), (std::vector<bool>{false, true}));
  EXPECT_EQ(nans(ops::scatter_add(x, index, Tensor::zeros({2, 1}, DType::f32, test_device()), 1).value()),
            (std::vector<bool>{false, false, true, true}));
  EXPECT_EQ(nans(ops::one_hot(rows, 2)), (std::vector<bool>{false, false, true, true}));
  EXPECT_EQ(ops::gather(indices({1, 2}, {1, 2}), indices({2}, {1, 1}), 1).value().to_vector<std::int32_t>()[0],
            -2147483647 - 1);
  // And so is the whole gradient.
  Tape tape;
  const Variable table = tape.watched(x);
  const Variable y = ops::embedding(table, rows);
  tape.backward(y, Tensor::zeros({2, 2}, DType::f32, test_device()));
  EXPECT_EQ(nans(table.gradient()), (std::vector<bool>{true, true, true, true}));
}

}  // namespace
}  // namespace sluice::test
