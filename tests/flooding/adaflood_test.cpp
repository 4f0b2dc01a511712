// SPDX-License-Identifier: Apache-2.0
#include <sluice/flooding/adaflood.h>

#include <gtest/gtest.h>

#include <sluice/core/ops.h>
#include "tests/support/complaint.h"

namespace sluice::test {
namespace {

// By numpy: -numpy.log((1 - gamma) * numpy.exp(-l) + gamma).
TEST(AdaFlood, LevelsAreTheFormulaOfThePaper) {
  const Tensor losses = Tensor::from<double>({0, 0.1, 1, 5, 1000}, {5});
  const auto expect = [&](double gamma, const std::vector<double>& expected) {
    const std::vector<double> levels = adaflood_levels(losses, gamma).to_vector<double>();
    for (std::size_t i = 0; i < expected.size(); ++i) EXPECT_NEAR(levels[i], expected[i], 1e-12) << gamma << " " << i;
  };
  expect(0.5, {0, 0.04875052048637444, 0.3798854930417225, 0.6864318320708274, 0.6931471805599453});
  expect(0.05, {0, 0.09475523196878545, 0.9175778871209888, 2.875267509851104, 2.995732273553991});
  expect(0, {0, 0.1, 1, 5, 1000});
  expect(1, {0, 0, 0, 0, 0});
  // 1 - e^(-l) is 0 in double for l < 1e-16: the level is (1 - gamma) l there.
  EXPECT_NEAR(adaflood_levels(Tensor::from<double>({1e-18}, {1}), 0.25).item(), 0.75e-18, 1e-30);
}

TEST(AdaFlood, MisuseIsNamed) {
  const Tensor losses = Tensor::from<float>({0.5f, -1}, {2});
  EXPECT_EQ(complaint([&] { adaflood_levels(losses, 0.5); }),
            "[adaflood_levels] expects finite losses of at least 0, got -1");
  EXPECT_EQ(complaint([&] { adaflood_levels(losses, 1.5); }),
            "[adaflood_levels] gamma expects a number in [0,1], got 1.5");
  EXPECT_NE(complaint([&] { adaflood_levels(Tensor::zeros({2, 2}, DType::f32), 0.5); }), "");
}

}  // namespace
}  // namespace sluice::test
