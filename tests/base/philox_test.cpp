// SPDX-License-Identifier: Apache-2.0
#include <sluice/base/philox.h>

#include <gtest/gtest.h>

namespace sluice {
namespace {

// Known answers of philox4x32-10 from the Random123 distribution (kat_vectors).
TEST(Philox, KnownAnswers) {
  EXPECT_EQ(philox({0}, {0, 0, 0}), (PhiloxWords{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(philox({~0ull}, {~0u, ~0u, ~0ull}), (PhiloxWords{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x299f31d0a4093822}, {0x03707344, 0x13198a2e, 0x85a308d3243f6a88}),
            (PhiloxWords{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(Philox, UniformStaysBelowOne) {
  EXPECT_EQ(uniform(0), 0.0f);
  EXPECT_LT(uniform(~0u), 1.0f);
  EXPECT_EQ(below(~0u, 10), 9u);
  EXPECT_EQ(below(0, 10), 0u);
}

TEST(Philox, NormalHasUnitMoments) {
  PhiloxStream random(7, RandomPurpose::test, 0);
  double sum = 0, squares = 0;
  constexpr int count = 20000;
  for (int i = 0; i < count; ++i) {
    const double x = random.next_normal();
    sum += x;
    squares += x * x;
  }
  EXPECT_NEAR(sum / count, 0, 0.03);  // four standard errors
  EXPECT_NEAR(squares / count, 1, 0.04);
}

}  // namespace
}  // namespace sluice
