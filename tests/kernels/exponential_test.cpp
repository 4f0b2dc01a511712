// SPDX-License-Identifier: Apache-2.0
#include <sluice/kernels/cpu/exponential.h>

#include <gtest/gtest.h>

#include <cmath>

namespace sluice::kernels::cpu {
namespace {

// Distance of two positive floats in units in the last place.
std::int64_t ulps(float a, float b) {
  return std::abs(std::int64_t{std::bit_cast<std::int32_t>(a)} - std::int64_t{std::bit_cast<std::int32_t>(b)});
}

TEST(Exponential, IsWithinTwoUnitsInTheLastPlace) {
  for (double x = -87.3; x < 88.72; x += 0.00137) {
    const auto rounded = static_cast<float>(x);
    const auto expected = static_cast<float>(std::exp(double{rounded}));
    ASSERT_LE(ulps(exponential(rounded), expected), 2) << "at " << rounded;
  }
}

TEST(Exponential, RunsOutAtBothEndsAsItShould) {
  EXPECT_EQ(exponential(0.0f), 1.0f);
  EXPECT_EQ(exponential(-0.0f), 1.0f);
  for (const float x : {88.8f, 89.0f, 1e4f, INFINITY}) EXPECT_EQ(exponential(x), INFINITY) << x;
  for (const float x : {-104.0f, -1e4f, -INFINITY}) EXPECT_EQ(exponential(x), 0.0f) << x;
  // Through the denormals, whose spacing is 2^-149.
  for (float x = -103.0f; x < -87.3f; x += 0.1f)
    EXPECT_NEAR(exponential(x), std::exp(double{x}), 0x1p-148 + 3e-7 * std::exp(double{x})) << x;
  EXPECT_TRUE(std::isnan(exponential(NAN)));
  EXPECT_TRUE(std::isnan(exponential(-NAN)));
}

TEST(Exponential, OfARowIsSummedFromItsMaximum) {
  float row[37];
  double expected = 0;
  for (int i = 0; i < 37; ++i) {
    row[i] = 500.0f + static_cast<float>(i * 29 % 37) / 8;
    expected += std::exp(double{row[i]} - 504.5);
  }
  EXPECT_EQ(row_maximum(37, row), 504.5f);
  EXPECT_NEAR(row_exponential_sum(37, row, 504.5f), expected, 1e-6 * expected);
  row[36] = NAN;
  EXPECT_TRUE(std::isnan(row_exponential_sum(37, row, 504.5f)));
}

}  // namespace
}  // namespace sluice::kernels::cpu
