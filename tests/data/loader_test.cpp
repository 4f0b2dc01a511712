// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/loader.h>

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <map>
#include <numeric>
#include <set>
#include <stdexcept>

namespace sluice::data {
namespace {

// Image i has the value i in both of its pixels and the label i % 10.
ImageDataset numbered(std::int64_t count) {
  ImageDataset dataset{.name = "numbered", .height = 1, .width = 2, .channels = 1, .classes = 10};
  for (std::int64_t i = 0; i < count; ++i) {
    dataset.images.insert(dataset.images.end(), 2, static_cast<std::uint8_t>(i));
    dataset.labels.push_back(static_cast<std::int32_t>(i % 10));
  }
  return dataset;
}

struct Seen {
  std::vector<std::int64_t> images;  // by number, in the order of the batches
  std::vector<std::int64_t> sizes;
};

// The rest of an epoch; checks labels and indices on the way.
Seen drain(Loader& loader, std::int64_t first_index = 0) {
  Seen seen;
  while (const std::optional<Batch> batch = loader.next()) {
    EXPECT_EQ(batch->index, first_index++);
    const std::vector<float> pixels = batch->images.to_vector<float>();
    const std::vector<std::int32_t> labels = batch->labels.to_vector<std::int32_t>();
    for (std::size_t i = 0; i < labels.size(); ++i) {
      const std::int64_t number = std::lround(255 * pixels[2 * i]);
      EXPECT_EQ(number % 10, labels[i]);
      seen.images.push_back(number);
    }
    seen.sizes.push_back(batch->labels.size());
  }
  return seen;
}

std::vector<std::int64_t> first_numbers(std::int64_t count) {
  std::vector<std::int64_t> numbers(static_cast<std::size_t>(count));
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

TEST(Loader, SequentialOrderAndLastBatches) {
  const ImageDataset dataset = numbered(23);
  Loader keep(dataset, {.batch_size = 5});
  EXPECT_EQ(keep.batches_per_epoch(), 5);
  keep.start_epoch(0);
  const Seen all = drain(keep);
  EXPECT_EQ(all.images, first_numbers(23));
  EXPECT_EQ(all.sizes, (std::vector<std::int64_t>{5, 5, 5, 5, 3}));
  EXPECT_FALSE(keep.next().has_value());

  Loader drop(dataset, {.batch_size = 5, .last_batch = LastBatch::drop});
  EXPECT_EQ(drop.batches_per_epoch(), 4);
  EXPECT_EQ(drop.images_per_epoch(), 20);
  drop.start_epoch(0);
  EXPECT_EQ(drain(drop).images, first_numbers(20));

  Loader merge(dataset, {.batch_size = 5, .last_batch = LastBatch::merge});
  EXPECT_EQ(merge.batches_per_epoch(), 4);
  EXPECT_EQ(merge.images_per_epoch(), 23);
  merge.start_epoch(0);
  const Seen merged = drain(merge);
  EXPECT_EQ(merged.images, first_numbers(23));
  EXPECT_EQ(merged.sizes, (std::vector<std::int64_t>{5, 5, 5, 8}));
  EXPECT_EQ(merge.samples(3).size(), 8U);
}

TEST(Loader, WithoutARestLastBatchesAreAlike) {
  const ImageDataset dataset = numbered(20);
  for (const LastBatch last : {LastBatch::keep, LastBatch::drop, LastBatch::merge}) {
    Loader loader(dataset, {.batch_size = 5, .last_batch = last});
    loader.start_epoch(0);
    EXPECT_EQ(drain(loader).sizes, (std::vector<std::int64_t>{5, 5, 5, 5}));
  }
  Loader single(dataset, {.batch_size = 50, .last_batch = LastBatch::merge});
  single.start_epoch(0);
  EXPECT_EQ(drain(single).sizes, std::vector<std::int64_t>{20});
}

TEST(Loader, BatchesBelowTheSmallestAreRefusedBeforeTraining) {
  const ImageDataset dataset = numbered(21);
  EXPECT_THROW(Loader(dataset, {.batch_size = 5, .smallest_batch = 2}), std::invalid_argument);
  EXPECT_THROW(Loader(dataset, {.batch_size = 1, .smallest_batch = 2}), std::invalid_argument);
  EXPECT_THROW(Loader(dataset, {.batch_size = 50, .last_batch = LastBatch::drop}), std::invalid_argument);
  EXPECT_NO_THROW(Loader(dataset, {.batch_size = 5, .last_batch = LastBatch::drop, .smallest_batch = 2}));
  EXPECT_EQ(last_batch_that_fits(21, 5, 2), LastBatch::merge);
  EXPECT_EQ(last_batch_that_fits(21, 5, 1), LastBatch::keep);
  EXPECT_EQ(last_batch_that_fits(22, 5, 2), LastBatch::keep);
  EXPECT_EQ(last_batch_that_fits(20, 5, 2), LastBatch::keep);
  EXPECT_EQ(last_batch_that_fits(1, 5, 2), LastBatch::keep) << "there is none before it";
}

TEST(Loader, ShuffledOrderIsAFunctionOfSeedAndEpoch) {
  const ImageDataset dataset = numbered(200);
  const auto order = [&](std::uint64_t seed, std::int64_t epoch, std::int64_t batch_size) {
    Loader loader(dataset, {.batch_size = batch_size, .seed = seed, .order = Order::shuffled});
    loader.start_epoch(epoch);
    return drain(loader).images;
  };
  const std::vector<std::int64_t> base = order(1, 0, 16);
  std::vector<std::int64_t> sorted = base;
  std::ranges::sort(sorted);
  EXPECT_EQ(sorted, first_numbers(200));
  EXPECT_NE(base, first_numbers(200));
  EXPECT_EQ(order(1, 0, 16), base);
  EXPECT_EQ(order(1, 0, 7), base);
  EXPECT_NE(order(1, 1, 16), base);
  EXPECT_NE(order(2, 0, 16), base);
}

// Each of the six orders of three alike: chi-squared below its 1 - 1e-6 quantile (36 for 5 degrees).
TEST(Loader, EveryOrderIsAsLikely) {
  std::map<std::vector<std::int64_t>, int> counts;
  for (std::int64_t epoch = 0; epoch < 6000; ++epoch) ++counts[epoch_order(3, Order::shuffled, 9, epoch)];
  ASSERT_EQ(counts.size(), 6u);
  double chi_squared = 0;
  for (const auto& entry : counts) chi_squared += (entry.second - 1000.0) * (entry.second - 1000.0) / 1000;
  EXPECT_LT(chi_squared, 36);
}

TEST(Loader, GoesOnInTheMiddleOfAnEpochBitForBit) {
  ImageDataset dataset{.name = "images", .height = 8, .width = 8, .channels = 3, .classes = 2};
  for (int i = 0; i < 50 * 192; ++i) dataset.images.push_back(static_cast<std::uint8_t>(i * 31 + i / 7));
  for (int i = 0; i < 50; ++i) dataset.labels.push_back(i % 2);
  const LoaderOptions options{.batch_size = 8,
                              .seed = 4,
                              .order = Order::shuffled,
                              .augment = parse_augment("crop:2,flip,cutout:3"),
                              .normalisation = measure_normalisation(dataset)};
  Loader whole(dataset, options);
  whole.start_epoch(3);
  std::vector<Batch> batches;
  while (std::optional<Batch> batch = whole.next()) batches.push_back(*batch);
  ASSERT_EQ(batches.size(), 7u);
  Loader resumed(dataset, options);
  for (std::int64_t first = 0; first <= 7; ++first) {
    resumed.start_epoch(3, first);  // also cuts short what the last one left
    for (std::int64_t index = first; index < std::min<std::int64_t>(first + 4, 7); ++index) {
      const std::optional<Batch> batch = resumed.next();
      ASSERT_TRUE(batch.has_value());
      const Batch& expected = batches[static_cast<std::size_t>(index)];
      EXPECT_EQ(batch->index, index);
      EXPECT_EQ(batch->images.to_vector<float>(), expected.images.to_vector<float>());
      EXPECT_EQ(batch->labels.to_vector<std::int32_t>(), expected.labels.to_vector<std::int32_t>());
    }
  }
  EXPECT_FALSE(resumed.next().has_value());
}

TEST(Loader, AugmentsAnewEachEpoch) {
  ImageDataset dataset{.name = "one", .height = 8, .width = 8, .channels = 1, .classes = 1, .labels = {0}};
  for (int i = 0; i < 64; ++i) dataset.images.push_back(static_cast<std::uint8_t>(i));
  Loader loader(dataset, {.augment = parse_augment("crop,flip")});
  std::set<std::vector<float>> versions;
  for (std::int64_t epoch = 0; epoch < 20; ++epoch) {
    loader.start_epoch(epoch);
    versions.insert(loader.next()->images.to_vector<float>());
  }
  EXPECT_GE(versions.size(), 15u);  // of 162 crops and mirrors
}

TEST(Loader, RefusesMisuse) {
  const ImageDataset dataset = numbered(20);
  EXPECT_THROW(Loader(dataset, {.batch_size = 0}), std::invalid_argument);
  const ImageDataset none;
  EXPECT_THROW(Loader(none, {}), std::invalid_argument);
  EXPECT_THROW(Loader(dataset, {.augment = {.crop_padding = 2}}), std::invalid_argument);
  EXPECT_THROW(Loader(dataset, {.augment = {.cutout = 2}}), std::invalid_argument);
  EXPECT_THROW(Loader(dataset, {.normalisation = {{0, 0}, {1, 1}}}), std::invalid_argument);
  ImageDataset mislabelled = dataset;
  mislabelled.labels[7] = 10;
  EXPECT_THROW(Loader(mislabelled, {}), std::invalid_argument);
  ImageDataset short_of_images = dataset;
  short_of_images.images.pop_back();
  EXPECT_THROW(Loader(short_of_images, {}), std::invalid_argument);

  Loader loader(dataset, {.batch_size = 5});
  EXPECT_THROW(loader.next(), std::invalid_argument);
  EXPECT_THROW(loader.start_epoch(-1), std::invalid_argument);
  EXPECT_THROW(loader.start_epoch(0, 5), std::invalid_argument);
  EXPECT_THROW(loader.start_epoch(0, -1), std::invalid_argument);
  loader.start_epoch(0, 4);
  EXPECT_FALSE(loader.next().has_value());
}

TEST(Loader, MayBeLeftAtAnyMoment) {
  const ImageDataset dataset = numbered(200);
  for (int taken = 0; taken < 8; ++taken) {
    Loader loader(dataset, {.batch_size = 3, .order = Order::shuffled});
    loader.start_epoch(0);
    for (int i = 0; i < taken; ++i) EXPECT_TRUE(loader.next().has_value());
  }
}

TEST(Prefetcher, PassesTheErrorOnAfterWhatCameBefore) {
  Prefetcher<int> prefetcher(2);
  prefetcher.start([made = 0]() mutable -> std::optional<int> {
    if (made == 3) throw std::runtime_error("the fourth");
    return made++;
  });
  for (int i = 0; i < 3; ++i) EXPECT_EQ(prefetcher.next(), i);
  EXPECT_THROW(prefetcher.next(), std::runtime_error);
  EXPECT_THROW(prefetcher.next(), std::runtime_error);
  prefetcher.start([made = 5]() mutable -> std::optional<int> { return made++; });
  EXPECT_EQ(prefetcher.next(), 5);
}

TEST(Prefetcher, KeepsTheQueueBounded) {
  std::atomic<int> made = 0;
  Prefetcher<int> prefetcher(2);
  prefetcher.start([&made]() -> std::optional<int> { return ++made; });
  for (int taken = 1; taken <= 50; ++taken) {
    EXPECT_EQ(prefetcher.next(), taken);
    EXPECT_LE(made.load(), taken + 2);
  }
  prefetcher.stop();
  EXPECT_EQ(prefetcher.next(), std::nullopt);
}

}  // namespace
}  // namespace sluice::data
