// SPDX-License-Identifier: Apache-2.0
// Places of elements by rank, on every device and of every type: beside what every operation owes (ops_test).
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numeric>

#include <sluice/core/ops/order.h>
#include "tests/support/complaint.h"
#include "tests/support/device.h"
#include "tests/support/op_case.h"

namespace sluice::test {
namespace {

using Places = std::vector<std::int32_t>;

// Whole numbers from -4 to 4, so that most are there more than once; a NaN in one of eleven.
std::vector<float> coarse(std::int64_t count, bool with_nan) {
  std::vector<float> values = random_tensor({count}, DType::f32, 3, -4, 4).to_vector<float>();
  for (std::size_t i = 0; i < values.size(); ++i)
    values[i] = with_nan && i % 11 == 7 ? std::nanf("") : std::round(values[i]);
  return values;
}

// The definition: a stable sort of the places of one line.
Places sorted(const std::vector<float>& line, ops::Rank rank) {
  Places places(line.size());
  std::iota(places.begin(), places.end(), 0);
  std::stable_sort(places.begin(), places.end(), [&](std::int32_t i, std::int32_t j) {
    const float a = line[static_cast<std::size_t>(i)], b = line[static_cast<std::size_t>(j)];
    if (std::isnan(a) || std::isnan(b)) return std::isnan(a) && !std::isnan(b);
    return rank == ops::Rank::largest ? a > b : a < b;
  });
  return places;
}

TEST(Order, FirstPlacesAreThoseOfAStableSort) {
  // Lines of a thread, a warp and a block, and side by side.
  for (const auto& [outer, extent, inner] :
       {std::tuple{3, 10, 1}, std::tuple{5, 130, 1}, std::tuple{2, 2500, 1}, std::tuple{2, 70, 3}})
    for (const ops::Rank rank : {ops::Rank::largest, ops::Rank::smallest})
      for (const bool with_nan : {false, true}) {
        const std::vector<float> values = coarse(outer * extent * inner, with_nan);
        const Tensor x = Tensor::from<float>(values, {outer, extent, inner}, test_device());
        const std::int64_t k = 7;
        const Places found = ops::top_k(x, k, 1, rank).indices.to_vector<std::int32_t>();
        const Tensor first = rank == ops::Rank::largest ? ops::argmax(x, 1) : ops::argmin(x, 1);
        EXPECT_EQ(first.shape(), (Shape{outer, inner}));
        const Places one = first.to_vector<std::int32_t>();
        for (int o = 0; o < outer; ++o)
          for (int i = 0; i < inner; ++i) {
            std::vector<float> line;
            for (int e = 0; e < extent; ++e)
              line.push_back(values[static_cast<std::size_t>((o * extent + e) * inner + i)]);
            const Places expected = sorted(line, rank);
            EXPECT_EQ(one[static_cast<std::size_t>(o * inner + i)], expected[0]);
            for (std::int64_t at = 0; at < k; ++at)
              EXPECT_EQ(found[static_cast<std::size_t>((o * k + at) * inner + i)],
                        expected[static_cast<std::size_t>(at)])
                  << extent << ' ' << at;
          }
      }
}

TEST(Order, OfAnyType) {
  const std::vector<float> values = coarse(60, false);
  const Tensor x = Tensor::from<float>(values, {3, 20});
  const Tensor expected = ops::argmax(x, 1);
  EXPECT_EQ(ops::argmax(x.cast(DType::bf16).to(test_device()), 1).to_vector<std::int32_t>(),
            expected.to_vector<std::int32_t>());
  const std::vector<std::int32_t> whole(values.begin(), values.end());
  EXPECT_EQ(ops::argmax(Tensor::from<std::int32_t>(whole, {3, 20}, test_device()), 1).to_vector<std::int32_t>(),
            expected.to_vector<std::int32_t>());
  EXPECT_EQ(ops::argmin(Tensor::from<std::uint8_t>({9, 2, 200, 2}, {4}, test_device())).to_vector<std::int32_t>(),
            Places{1});
  EXPECT_EQ(ops::argmax(x, -1, ops::KeepAxes::yes).shape(), (Shape{3, 1}));
}

TEST(Order, RunningSumsOfWholeNumbers) {
  std::vector<std::int32_t> values(3000), sums(3000);
  for (std::size_t i = 0; i < values.size(); ++i) values[i] = static_cast<std::int32_t>(i % 7) - 3;
  std::partial_sum(values.begin(), values.end(), sums.begin());
  const Tensor x = Tensor::from<std::int32_t>(values, {3000}, test_device());
  EXPECT_EQ(ops::cumsum(x, 0).value().to_vector<std::int32_t>(), sums);
}

TEST(Order, ErrorsNameOperationExpectationAndFinding) {
  const Tensor x = Tensor::zeros({2, 0}, DType::f32, test_device());
  EXPECT_EQ(complaint([&] { ops::argmax(x, 1); }), "[argmax] expects at least one element, got [2,0]");
  EXPECT_EQ(complaint([&] { ops::top_k(x, 1, 1); }), "[top_k] expects k from 0 to 0, got 1");
  EXPECT_EQ(complaint([&] { ops::cumsum(x, 2); }), "[cumsum] expects an axis in [-2,2), got 2");
}

}  // namespace
}  // namespace sluice::test
