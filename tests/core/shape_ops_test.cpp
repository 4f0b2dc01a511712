// SPDX-License-Identifier: Apache-2.0
// Operations on shapes beside what every operation owes (ops_test): elements of every type, and errors.
#include <gtest/gtest.h>

#include <sluice/core/ops/pad.h>
#include <sluice/core/ops/shape.h>
#include "tests/support/device.h"

namespace sluice::test {
namespace {

template <class T>
Variable counted(const Shape& shape) {
  std::vector<T> values(static_cast<std::size_t>(shape.size()));
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<T>(static_cast<float>(i % 200));
  return Tensor::from<T>(values, shape, test_device());
}

template <class T>
class ShapeOps : public testing::Test {
 protected:
  // What `function` makes of 0, 1, 2, ... in the given shape.
  template <class F>
  static std::vector<int> made(const Shape& shape, const F& function) {
    std::vector<int> result;
    for (const T value : function(counted<T>(shape)).value().template to_vector<T>())
      result.push_back(static_cast<int>(static_cast<float>(value)));
    return result;
  }
};
using Elements = testing::Types<float, BFloat16, double, std::uint8_t, std::int32_t>;
TYPED_TEST_SUITE(ShapeOps, Elements);

TYPED_TEST(ShapeOps, CopiesEveryElementType) {
  if (std::is_same_v<TypeParam, double> && test_device() != Device{}) GTEST_SKIP() << "f64 runs on the cpu only";
  using Expected = std::vector<int>;
  const auto made = [](const Shape& shape, const auto& function) { return TestFixture::made(shape, function); };
  EXPECT_EQ(made({2, 3}, [](const auto& x) { return ops::transpose(x); }), (Expected{0, 3, 1, 4, 2, 5}));
  EXPECT_EQ(made({5}, [](const auto& x) { return ops::slice(x, 0, {.stop = 1, .step = -2}); }), (Expected{4, 2}));
  EXPECT_EQ(made({2, 1}, [](const auto& x) { return ops::expand(x, {2, 2}); }), (Expected{0, 0, 1, 1}));
  EXPECT_EQ(made({3}, [](const auto& x) { return ops::repeat(x, {2}); }), (Expected{0, 1, 2, 0, 1, 2}));
  EXPECT_EQ(made({2}, [](const auto& x) { return ops::concatenate({x, x}, 0); }), (Expected{0, 1, 0, 1}));
  EXPECT_EQ(
      made({1, 1, 3, 1}, [](const auto& x) { return ops::pad(x, {.left = 2, .right = 2}, ops::PadMode::reflect); }),
      (Expected{2, 1, 0, 1, 2, 1, 0}));
  EXPECT_EQ(made({1, 2}, [](const auto& x) { return ops::pad_channels(x, 1, 0); }), (Expected{0, 0, 1}));
}

// Whole and cut-off tiles, of every width of an element.
TYPED_TEST(ShapeOps, TransposesTilesOfEveryElementType) {
  if (std::is_same_v<TypeParam, double> && test_device() != Device{}) GTEST_SKIP() << "f64 runs on the cpu only";
  for (const auto& [rows, columns] : {std::pair{128, 64}, std::pair{65, 131}, std::pair{8, 200}}) {
    const std::vector<int> x = TestFixture::made({rows, columns}, [](const auto& from) { return from; });
    const std::vector<int> y =
        TestFixture::made({rows, columns}, [](const auto& from) { return ops::transpose(from); });
    for (std::int64_t i = 0; i < rows; ++i)
      for (std::int64_t j = 0; j < columns; ++j)
        ASSERT_EQ(y[static_cast<std::size_t>(j * rows + i)], x[static_cast<std::size_t>(i * columns + j)])
            << i << ',' << j;
  }
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

TEST(ShapeOpsErrors, NameOperationExpectationAndFinding) {
  const Variable x = counted<float>({2, 3});
  EXPECT_EQ(error_of([&] { ops::permute(x, {0, 0}); }), "[permute] expects every axis of x [2,3] once, got 0,0");
  EXPECT_EQ(error_of([&] { ops::permute(x, {0}); }), "[permute] expects every axis of x [2,3] once, got 0");
  EXPECT_EQ(error_of([&] { ops::transpose(x, 0, 2); }), "[transpose] expects an axis in [-2,2), got 2");
  EXPECT_EQ(error_of([&] { ops::squeeze(x, 1); }), "[squeeze] expects an axis of extent 1, got axis 1 of [2,3]");
  EXPECT_EQ(error_of([&] {
              ops::expand(x, {2, 4});
            }),
            "[expand] expects extents that are 1 or those of [2,4], got x [2,3]");
  EXPECT_EQ(error_of([&] { ops::expand(x, {3}); }), "[expand] expects a shape of at least 2 axes for x [2,3], got [3]");
  EXPECT_EQ(error_of([&] { ops::repeat(x, {2, 0}); }), "[repeat] expects counts of at least 1, got 0 for axis 1");
  EXPECT_EQ(error_of([&] { ops::concatenate({}, 0); }), "[concatenate] expects at least one part, got none");
  EXPECT_EQ(error_of([&] {
              ops::concatenate({x, counted<float>({2, 4})}, 0);
            }),
            "[concatenate] expects parts like the first, f32[2,3], but for axis 0, got f32[2,4]");
  EXPECT_EQ(error_of([&] {
              ops::stack({x, counted<std::int32_t>({2, 3})});
            }),
            "[stack] expects parts like the first, f32[2,3], got i32[2,3]");
  EXPECT_EQ(error_of([&] {
              ops::split(x, {1, 1}, 1);
            }),
            "[split] expects extents that add up to 3, that of axis 1 of [2,3], got a sum of 2");
  EXPECT_EQ(error_of([&] { ops::slice(x, 0, {.step = 0}); }), "[slice] expects a step that is not 0");
  EXPECT_EQ(error_of([&] { ops::flip(x, {1, -1}); }), "[flip] expects an axis once, got -1 twice");
  EXPECT_EQ(error_of([&] { ops::pixel_shuffle(x, 2); }), "[pixel_shuffle] expects [N,H,W,C*r*r] for r = 2, got [2,3]");
  EXPECT_EQ(error_of([&] { ops::pad(x, {}); }), "[pad] expects [N,H,W,C], got [2,3]");
  EXPECT_EQ(error_of([&] {
              ops::pad(counted<float>({1, 2, 2, 1}), {.left = 2}, ops::PadMode::reflect);
            }),
            "[pad] by reflection expects borders narrower than the image, got 2 for an extent of 2");
  EXPECT_EQ(error_of([&] { ops::pad_channels(x, -1, 0); }),
            "[pad_channels] expects counts of at least 0, got -1 and 0");
}

}  // namespace
}  // namespace sluice::test
