// SPDX-License-Identifier: Apache-2.0
#include <sluice/optim/gradients.h>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include <sluice/core/ops/arithmetic.h>
#include <sluice/core/tape.h>

namespace sluice::test {
namespace {

std::vector<NamedParameter> with_gradients(const std::vector<std::int64_t>& sizes, double value) {
  std::vector<NamedParameter> parameters;
  for (const std::int64_t size : sizes) {
    Variable variable = parameter(Tensor::zeros({size}, DType::f32));
    variable.set_gradient(Tensor::full({size}, value, DType::f32));
    parameters.push_back({"p", variable});
  }
  return parameters;
}

TEST(Gradients, NormIsOfAllTogether) {
  // Sizes around the vector and chunk borders: 7 + 8192 + 20001 elements of 0.5.
  const auto parameters = with_gradients({7, 8192, 20001}, 0.5);
  EXPECT_NEAR(optim::gradient_norm(parameters).item(), 0.5 * std::sqrt(28200.0), 1e-5);
}

TEST(Gradients, NormOfNoneIsZero) {
  auto parameters = with_gradients({3}, 1);
  parameters[0].variable.clear_gradient();
  EXPECT_EQ(optim::gradient_norm(parameters).item(), 0);
  EXPECT_EQ(optim::clip_gradient_norm(parameters, 1).item(), 0);
  EXPECT_FALSE(parameters[0].variable.gradient().defined());
}

TEST(Gradients, ClippingLeavesSmallOnesAlone) {
  const auto parameters = with_gradients({4}, 0.25);
  EXPECT_FLOAT_EQ(static_cast<float>(optim::clip_gradient_norm(parameters, 0.6).item()), 0.5f);
  EXPECT_EQ(parameters[0].variable.gradient().to_vector<float>(), std::vector<float>(4, 0.25f));
  optim::clip_gradient_norm(parameters, 0.1);
  EXPECT_NEAR(optim::gradient_norm(parameters).item(), 0.1, 1e-6);
}

TEST(Gradients, ClippingShowsANaN) {
  auto parameters = with_gradients({3, 4}, 1);
  parameters[0].variable.set_gradient(Tensor::full({3}, std::nan(""), DType::f32));
  EXPECT_TRUE(std::isnan(optim::clip_gradient_norm(parameters, 1).item()));
  EXPECT_TRUE(std::isnan(parameters[1].variable.gradient().to_vector<float>()[0]));
}

TEST(Gradients, ClippingRefusesABadNorm) {
  const auto parameters = with_gradients({3}, 1);
  for (const double bad : {0.0, -1.0, std::nan(""), std::numeric_limits<double>::infinity()})
    EXPECT_THROW(optim::clip_gradient_norm(parameters, bad), std::invalid_argument);
}

TEST(Gradients, ScalingTurnsThemRoundEachOnce) {
  // add() hands the very same tensor to both of its inputs.
  const Variable a = parameter(Tensor::full({5}, 1, DType::f32));
  const Variable b = parameter(Tensor::full({5}, 2, DType::f32));
  Tape tape;
  tape.backward(ops::add(a, b), Tensor::full({5}, 3, DType::f32));
  optim::scale_gradients({{"a", a}, {"b", b}}, Tensor::full({}, -1, DType::f32));
  EXPECT_EQ(a.gradient().to_vector<float>(), std::vector<float>(5, -3.0f));
  EXPECT_EQ(b.gradient().to_vector<float>(), std::vector<float>(5, -3.0f));
}

}  // namespace
}  // namespace sluice::test
