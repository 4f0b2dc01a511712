// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/finite.h>

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

namespace sluice::test {
namespace {

TEST(AllFinite, FindsOneElementAnywhere) {
  const float largest = std::numeric_limits<float>::max();
  for (const DType dtype : {DType::f32, DType::f64, DType::bf16})
    for (const std::int64_t size : {1, 7, 100000})
      for (const std::int64_t at : {std::int64_t{0}, size / 2, size - 1})
        for (const float bad : {NAN, -NAN, INFINITY, -INFINITY}) {
          std::vector<float> values(static_cast<std::size_t>(size), dtype == DType::bf16 ? 3e38f : -largest);
          EXPECT_TRUE(all_finite(Tensor::from<float>(values, {size}).cast(dtype)));
          values[static_cast<std::size_t>(at)] = bad;
          EXPECT_FALSE(all_finite(Tensor::from<float>(values, {size}).cast(dtype))) << name_of(dtype) << " " << bad;
        }
}

TEST(AllFinite, NothingAndIntegersAreFinite) {
  EXPECT_TRUE(all_finite(Tensor{}));
  EXPECT_TRUE(all_finite(Tensor::empty({0}, DType::f32)));
  EXPECT_TRUE(all_finite(Tensor::full({3}, -1, DType::i32)));
}

}  // namespace
}  // namespace sluice::test
