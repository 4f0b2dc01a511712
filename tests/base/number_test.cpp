// SPDX-License-Identifier: Apache-2.0
#include <sluice/base/number.h>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace sluice {
namespace {

TEST(ParseNumber, TakesTheWholeTextOrNothing) {
  EXPECT_EQ(parse_number<std::int64_t>("-12"), -12);
  EXPECT_EQ(parse_number<double>("2.5e-3"), 2.5e-3);
  EXPECT_TRUE(std::isnan(parse_number<double>("nan").value()));
  for (const char* text : {"", " 1", "1 ", "1x", "0x10", "1.5", "+", "--1"})
    EXPECT_EQ(parse_number<std::int64_t>(text), std::nullopt) << text;
  EXPECT_EQ(parse_number<double>("1,5"), std::nullopt);
}

TEST(ParseNumber, RefusesWhatTheTypeDoesNotHold) {
  EXPECT_EQ(parse_number<std::int64_t>("9223372036854775807"), INT64_MAX);
  EXPECT_EQ(parse_number<std::int64_t>("9223372036854775808"), std::nullopt);
  EXPECT_EQ(parse_number<std::int64_t>("1000000000000000000000"), std::nullopt);
  EXPECT_EQ(parse_number<int>("2147483648"), std::nullopt);
  EXPECT_EQ(parse_number<double>("1e400"), std::nullopt);
  EXPECT_EQ(parse_number<float>("1e39"), std::nullopt);
}

TEST(WholeNumber, OfADouble) {
  EXPECT_EQ(whole_number(-3), -3);
  EXPECT_EQ(whole_number(0.5), std::nullopt);
  EXPECT_EQ(whole_number(std::numeric_limits<double>::quiet_NaN()), std::nullopt);
  EXPECT_EQ(whole_number(HUGE_VAL), std::nullopt);
  EXPECT_EQ(whole_number(-9223372036854775808.0), INT64_MIN);
  EXPECT_EQ(whole_number(9223372036854775808.0), std::nullopt);
}

}  // namespace
}  // namespace sluice
