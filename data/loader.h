// SPDX-License-Identifier: Apache-2.0
// Batches of augmented, normalised images, made ahead on one thread, or by a device that holds the images. What a batch
// holds is a function of the data set, the options, the epoch and the batch's index only, so that a run can go on in
// the middle of an epoch; on every device it is the same.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

#include <sluice/core/tensor.h>
#include <sluice/data/augment.h>
#include <sluice/data/dataset.h>
#include <sluice/data/device_images.h>
#include <sluice/data/prefetch.h>

namespace sluice::data {

struct Batch {
  Tensor images;           // [N,H,W,C], normalised
  Tensor labels;           // i32 [N]
  std::int64_t index = 0;  // in the epoch
};

enum class Order : unsigned char { sequential, shuffled };
// What happens to the images that are left after the last full batch: they make a batch of their own, belong to no
// batch, or make the last full batch larger.
enum class LastBatch : unsigned char { keep, drop, merge };

struct LoaderOptions {
  std::int64_t batch_size = 128;
  std::uint64_t seed = 0;
  Order order = Order::sequential;
  LastBatch last_batch = LastBatch::keep;
  std::int64_t smallest_batch = 1;  // batches of fewer images are of no use: batch norm, say, may need 2
  AugmentOptions augment = {};
  Normalisation normalisation = {};  // empty: pixels map to [0,1]
  Device device = {};                // where batches are wanted
  DType precision = DType::f32;      // of the images: f32 or bf16
};

// Where the images are: a device that has no room for them gets batch after batch from the host.
enum class Residence : unsigned char { host, device };

class Loader {
 public:
  // Keeps a reference to the data set, which must outlive it and stay as it is while an epoch is under way. Throws
  // std::invalid_argument for a batch size below 1, a data set without images, whose sizes disagree or with labels out
  // of range, a crop padding or cutout larger than the image, a normalisation that does not fit, an epoch without a
  // batch, and a batch below the smallest.
  Loader(const ImageDataset& dataset, LoaderOptions options);
  // A data set that nobody keeps would be gone before the first batch.
  Loader(const ImageDataset&& dataset, LoaderOptions options) = delete;

  Residence residence() const { return on_device_ ? Residence::device : Residence::host; }
  std::int64_t batches_per_epoch() const;
  std::int64_t images_per_epoch() const;
  // Images in that batch of an epoch, in [0, batches_per_epoch()).
  std::int64_t images_in(std::int64_t batch) const;
  // Starts to make the batches of an epoch from `first_batch` on; what is left of another epoch is dropped. Throws
  // std::invalid_argument for a negative epoch and a batch that is not in [0, batches_per_epoch()].
  void start_epoch(std::int64_t epoch, std::int64_t first_batch = 0);
  // The next batch; nothing after the last. Throws what went wrong in making it.
  std::optional<Batch> next();

  // Which images of the data set are in a batch of the epoch that was started, in order.
  std::span<const std::int64_t> samples(std::int64_t batch) const;

 private:
  kernels::AugmentGeometry geometry_of(std::int64_t batch) const;
  Batch make_batch(std::int64_t index) const;
  Batch make_on_device(std::int64_t index) const;

  const ImageDataset& dataset_;
  LoaderOptions options_;
  std::vector<float> values_;  // [C,256]
  std::int64_t epoch_ = -1;
  std::vector<std::int64_t> order_;
  Prefetcher<Batch> prefetcher_;
  std::optional<DeviceImages> on_device_;
  std::int64_t next_on_device_ = 0;  // index of the next batch
};

// keep, or merge where that would leave a batch below the smallest.
LastBatch last_batch_that_fits(std::int64_t images, std::int64_t batch_size, std::int64_t smallest_batch);

// The order in which an epoch visits the samples of a data set.
std::vector<std::int64_t> epoch_order(std::int64_t size, Order order, std::uint64_t seed, std::int64_t epoch);

}  // namespace sluice::data
