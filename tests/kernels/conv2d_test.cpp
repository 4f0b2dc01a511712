// SPDX-License-Identifier: Apache-2.0
// The geometry of a convolution, with its errors, and the choice of algorithms by measurement.
#include <sluice/kernels/conv2d.h>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include <sluice/core/ops/conv2d.h>
#include <sluice/kernels/runtime/settings.h>
#include <sluice/kernels/runtime/tuning.h>
#include "tests/support/op_case.h"

namespace sluice::test {
namespace {

using kernels::Conv2dShape;
using kernels::Conv2dWindow;
using Extents = std::array<std::int64_t, 4>;

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const std::exception& error) {
    return error.what();
  }
  return "nothing was thrown";
}

std::string message_of(const Extents& x, const Extents& weight, const Conv2dWindow& window = {}) {
  return message_of([&] { Conv2dShape::make(x, weight, window); });
}

TEST(Conv2dShape, ResultsFollowTheFormula) {
  const Conv2dShape half =
      Conv2dShape::make({128, 32, 31, 16}, {32, 3, 3, 16},
                        {.stride_height = 2, .stride_width = 2, .padding_height = 1, .padding_width = 1});
  EXPECT_EQ(half.out_height, 16);
  EXPECT_EQ(half.out_width, 16);
  const Conv2dShape dilated =
      Conv2dShape::make({1, 9, 11, 4}, {6, 3, 2, 2}, {.dilation_height = 4, .dilation_width = 3, .groups = 2});
  EXPECT_EQ(dilated.out_height, 1);
  EXPECT_EQ(dilated.out_width, 8);
  EXPECT_EQ(dilated.weight_size(), 6 * 3 * 2 * 2);
  EXPECT_EQ(dilated.flops(), 2.0 * 8 * 6 * 3 * 2 * 2);
}

TEST(Conv2dShape, MistakesNameWhatWasExpectedAndFound) {
  using testing::HasSubstr;
  EXPECT_THAT(message_of({128, 32, 32, 3}, {16, 3, 3, 16}),
              HasSubstr("[conv2d] weight expects 16 input channels, got 3; x is [128,32,32,3]"));
  EXPECT_THAT(message_of({0, 32, 32, 3}, {16, 3, 3, 3}), HasSubstr("not empty, got [0,32,32,3]"));
  EXPECT_THAT(message_of({1, 32, 32, 3}, {16, 0, 3, 3}), HasSubstr("not empty, got [16,0,3,3]"));
  EXPECT_THAT(message_of({1, 8, 8, 6}, {8, 3, 3, 2}, {.groups = 4}), HasSubstr("channels in 4 equal groups, got 6 in"));
  EXPECT_THAT(message_of({1, 8, 8, 6}, {8, 3, 3, 2}, {.groups = 0}), HasSubstr("at least 1 group, got 0"));
  EXPECT_THAT(message_of({1, 8, 8, 6}, {8, 3, 3, 6}, {.stride_width = 0}),
              HasSubstr("width expects a stride of at least 1, got 0"));
  EXPECT_THAT(message_of({1, 8, 8, 6}, {8, 3, 3, 6}, {.padding_height = -1}),
              HasSubstr("height expects padding of at least 0, got -1"));
  EXPECT_THAT(message_of({1, 8, 8, 6}, {8, 3, 3, 6}, {.dilation_height = 0}),
              HasSubstr("height expects a dilation of at least 1, got 0"));
  EXPECT_THAT(message_of({1, 2, 8, 6}, {8, 3, 3, 6}), HasSubstr("height expects an image of at least 3"));
  constexpr std::int64_t most = std::numeric_limits<std::int64_t>::max();
  for (const Conv2dWindow& window : {Conv2dWindow{.stride_height = most}, Conv2dWindow{.padding_height = most},
                                     Conv2dWindow{.dilation_height = most}, Conv2dWindow{.padding_height = most / 2}})
    EXPECT_THAT(
        message_of({1, 8, 8, 6}, {8, 3, 3, 6}, window),
        HasSubstr("height expects image, kernel, stride, padding and dilation of at most 1073741824, got 8, 3, "));
  EXPECT_THAT(message_of({1, 8, 8, 6}, {8, 1, 1, 6}, {.padding_height = 1 << 30, .padding_width = 1 << 30}),
              HasSubstr("y expects at most 2^60 elements, got [1,2147483656,2147483656,8]"));
}

TEST(Conv2d, MistakesInTensorsNameWhatWasExpectedAndFound) {
  using testing::HasSubstr;
  const auto message = [](const Shape& x, DType x_type, const Shape& weight, DType weight_type, const Tensor& bias) {
    return message_of([&] { ops::conv2d(Tensor::zeros(x, x_type), Tensor::zeros(weight, weight_type), bias); });
  };
  const Shape x{2, 8, 8, 3}, weight{4, 3, 3, 3};
  EXPECT_THAT(message({8, 8, 3}, DType::f32, weight, DType::f32, {}), HasSubstr("x expects images [N,H,W,C], got"));
  EXPECT_THAT(message(x, DType::f32, {4, 27}, DType::f32, {}),
              HasSubstr("weight expects [K,R,S,C/groups], got [4,27]"));
  EXPECT_THAT(message(x, DType::bf16, weight, DType::bf16, {}),
              HasSubstr("weight expects f32 beside bf16 images, got bf16"));
  EXPECT_THAT(message(x, DType::f32, weight, DType::f32, Tensor::zeros({3}, DType::f32)),
              HasSubstr("bias expects f32[4], got f32[3]"));
}

class Conv2dTuning : public testing::Test {
 protected:
  void SetUp() override { kernels::clear_tuning(); }
  void TearDown() override { kernels::clear_tuning(); }
};

// A run that goes on with its table gets its very bits, and whichever algorithm was chosen for whichever pass agrees
// with the double oracle.
TEST_F(Conv2dTuning, EveryChoiceForAConvolutionIsRightAndRepeatable) {
  using Role = CaseInput::Role;
  for (const std::int64_t stride : {1, 2}) {
    const ops::Conv2dOptions options{.stride = {stride, stride}, .padding = {1, 1}};
    const OpCase layer{
        .op = "conv2d",
        .inputs = {{.name = "x", .shape = {3, 9, 8, 32}},
                   {.name = "weight", .shape = {48, 3, 3, 32}, .role = Role::parameter},
                   {.name = "bias", .shape = {48}, .role = Role::parameter}},
        .run = [=](const std::vector<Variable>& in) { return ops::conv2d(in[0], in[1], in[2], options); }};
    const auto elements = [](const Tensor& tensor) { return tensor.cast(DType::f64).to_vector<double>(); };
    for (const auto& [dtype, tolerance] : {std::pair{DType::f32, 1e-5}, std::pair{DType::bf16, 2e-2}}) {
      kernels::clear_tuning();
      const auto inputs = make_inputs(layer, dtype, Rounding::through_bf16);
      const Evaluation expected = evaluate(layer, make_inputs(layer, DType::f64, Rounding::through_bf16));
      evaluate(layer, inputs);
      for (const auto& [key, winner] : kernels::tuning_table()) {
        for (const char* name : {"direct", "direct_f32", "direct_blocked", "winograd", "winograd_blocked"}) {
          const kernels::TuningEntry forced[] = {{key, name}}, restored[] = {{key, winner}};
          kernels::import_tuning(forced, "a file");
          // Not every pass, processor and build has all of them.
          if (message_of([&] { evaluate(layer, inputs); }).find("expects one of") == std::string::npos) {
            const Evaluation first = evaluate(layer, inputs), second = evaluate(layer, inputs);
            EXPECT_LE(deviation(first.result, expected.result), tolerance) << key << name;
            EXPECT_EQ(elements(first.result), elements(second.result)) << key << name;
            for (std::size_t i = 0; i < inputs.size(); ++i) {
              EXPECT_LE(deviation(first.gradients[i], expected.gradients[i]), tolerance) << key << name;
              EXPECT_EQ(elements(first.gradients[i]), elements(second.gradients[i])) << key << name;
            }
          }
          kernels::import_tuning(restored, "a file");
        }
      }
    }
  }
}

}  // namespace
}  // namespace sluice::test
