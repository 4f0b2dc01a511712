// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/tensor.h>

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>

namespace sluice {
namespace {

TEST(BFloat16, EveryValueSurvivesTheWayThroughFloat) {
  for (std::uint32_t bits = 0; bits < 0x10000; ++bits) {
    BFloat16 value;
    value.bits = static_cast<std::uint16_t>(bits);
    const BFloat16 back(static_cast<float>(value));
    if (std::isnan(static_cast<float>(value)))
      EXPECT_TRUE(std::isnan(static_cast<float>(back)));
    else
      EXPECT_EQ(back.bits, bits);
  }
}

TEST(BFloat16, RoundsToNearestEven) {
  EXPECT_EQ(BFloat16(1.0f + 0x1p-8f).bits, 0x3f80);      // halfway, to even: down
  EXPECT_EQ(BFloat16(1.0f + 3 * 0x1p-8f).bits, 0x3f82);  // halfway, to even: up
  EXPECT_EQ(BFloat16(std::nextafter(1.0f + 0x1p-8f, 2.0f)).bits, 0x3f81);
  EXPECT_EQ(static_cast<float>(BFloat16(std::numeric_limits<float>::max())), std::numeric_limits<float>::infinity());
}

TEST(Tensor, ReshapeSharesAndCloneDoesNot) {
  Tensor a = Tensor::from<float>({1, 2, 3, 4, 5, 6}, {2, 3});
  const Tensor view = a.reshape({3, 2});
  const Tensor copy = a.clone();
  a.mutable_data<float>()[0] = 9;
  EXPECT_EQ(view.data<float>()[0], 9);
  EXPECT_EQ(copy.data<float>()[0], 1);
  EXPECT_FALSE(a.unique());
  EXPECT_TRUE(copy.unique());
}

TEST(Tensor, RowsAreCopied) {
  const Tensor a = Tensor::from<std::int32_t>({1, 2, 3, 4, 5, 6}, {3, 2});
  EXPECT_EQ(a.rows(1, 2).to_vector<std::int32_t>(), (std::vector<std::int32_t>{3, 4, 5, 6}));
  EXPECT_EQ(a.rows(3, 0).size(), 0);
  EXPECT_THROW(a.rows(2, 2), std::invalid_argument);
}

TEST(Tensor, MisuseIsNamed) {
  const Tensor a = Tensor::zeros({2, 3}, DType::f32);
  EXPECT_THROW(a.data<double>(), std::invalid_argument);
  EXPECT_THROW(a.item(), std::invalid_argument);
  EXPECT_THROW(Tensor::empty({-1}, DType::f32), std::invalid_argument);
  EXPECT_THROW(Tensor::empty({1ll << 40, 1ll << 40}, DType::f32), std::invalid_argument);
  EXPECT_THROW(Tensor::empty({1ll << 62}, DType::f32), std::invalid_argument);
  EXPECT_THROW(Tensor::from<float>({1, 2}, {3}), std::invalid_argument);
  try {
    a.reshape({7});
    FAIL();
  } catch (const std::invalid_argument& error) {
    EXPECT_STREQ(error.what(), "[reshape] from [2,3] (6 elements) to [7] (7)");
  }
}

TEST(Tensor, EmptyAndScalar) {
  EXPECT_EQ(Tensor::zeros({0, 5}, DType::f32).size(), 0);
  EXPECT_EQ(Tensor::full({}, 2.5, DType::f64).item(), 2.5);
  EXPECT_EQ(Tensor::full({}, -3, DType::i32).item(), -3);
  EXPECT_FALSE(Tensor().defined());
}

TEST(Allocator, ReusesFreedBlocksAndCounts) {
  CachingAllocator cache{Device{}};
  const auto first = cache.allocate(100'000);
  EXPECT_GE(first.bytes, 100'000u);
  cache.release(first);
  const std::uint64_t before = cache.statistics().driver_allocations;
  const auto second = cache.allocate(99'000);
  EXPECT_EQ(second.memory, first.memory);
  EXPECT_EQ(cache.statistics().driver_allocations, before);
  EXPECT_EQ(cache.statistics().bytes_in_use, second.bytes);
  cache.release(second);
  EXPECT_EQ(cache.statistics().bytes_in_use, 0u);
  EXPECT_GE(cache.statistics().peak_bytes_in_use, 100'000u);
  cache.empty_cache();
  EXPECT_EQ(cache.statistics().bytes_reserved, 0u);
}

TEST(Allocator, HandsOutTheBlockThatWasUsedLast) {
  CachingAllocator cache{Device{}};
  const auto cold = cache.allocate(100'000);
  const auto warm = cache.allocate(100'000);
  cache.release(cold);
  cache.release(warm);
  const auto next = cache.allocate(100'000);
  EXPECT_EQ(next.memory, warm.memory);
  cache.release(next);
}

TEST(Allocator, ScratchOfManySizesSharesOneBlock) {
  CachingAllocator cache{Device{}};
  for (const std::size_t bytes : {1'000'000u, 5'000'000u, 3'000'000u})
    cache.release_scratch(cache.allocate_scratch(bytes));
  const AllocatorStatistics before = cache.statistics();
  EXPECT_GE(before.bytes_reserved, 5'000'000u);
  EXPECT_LT(before.bytes_reserved, 6'000'000u);
  EXPECT_EQ(before.bytes_in_use, 0u);
  for (const std::size_t bytes : {1'000'000u, 5'000'000u, 3'000'000u})
    cache.release_scratch(cache.allocate_scratch(bytes));
  EXPECT_EQ(cache.statistics().driver_allocations, before.driver_allocations);
  cache.empty_cache();
  EXPECT_EQ(cache.statistics().bytes_reserved, 0u);
}

TEST(Allocator, TwoScratchesAtOnceAreTwoBlocks) {
  const Scratch one({}, 4'000'000);
  const Scratch other({}, 4'000'000);
  const auto* first = static_cast<const std::byte*>(one.data());
  const auto* second = static_cast<const std::byte*>(other.data());
  EXPECT_TRUE(first + 4'000'000 <= second || second + 4'000'000 <= first);
}

TEST(Allocator, TellsWhatWasAskedWhenThereIsNoMemory) {
  try {
    Tensor::empty({std::int64_t{1} << 50}, DType::f32);
    FAIL();
  } catch (const OutOfMemory& error) {
    EXPECT_NE(std::string(error.what()).find("asked for 4294967296 MiB"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace sluice
