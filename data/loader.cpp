// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/loader.h>

#include <algorithm>
#include <numeric>

#include <sluice/data/permutation.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::data {
namespace {

constexpr std::size_t kBatchesAhead = 3;

void check(const ImageDataset& dataset, const LoaderOptions& options) {
  require(options.batch_size >= 1, "loader", "expects a batch size of 1 or more, got ", options.batch_size);
  require(dataset.size() > 0, "loader", "expects a data set with images");
  require(static_cast<std::int64_t>(dataset.images.size()) == dataset.size() * dataset.image_size(), "loader",
          "expects ", dataset.size(), " images of ", dataset.image_size(), " bytes, got ", dataset.images.size(),
          " bytes");
  const auto bad =
      std::ranges::find_if(dataset.labels, [&](auto label) { return label < 0 || label >= dataset.classes; });
  require(bad == dataset.labels.end(), "loader", "expects labels in [0,", dataset.classes, "), record ",
          bad - dataset.labels.begin(), " has another");
  const std::int64_t side = std::min(dataset.height, dataset.width);
  const AugmentOptions& augment = options.augment;
  require(augment.crop_padding >= 0 && augment.crop_padding <= side, "loader", "expects a crop padding of 0 to ", side,
          " pixels for images of ", dataset.height, "x", dataset.width, ", got ", augment.crop_padding);
  require(augment.cutout >= 0 && augment.cutout <= side, "loader", "expects a cutout of 0 to ", side,
          " pixels for images of ", dataset.height, "x", dataset.width, ", got ", augment.cutout);
}

}  // namespace

LastBatch last_batch_that_fits(std::int64_t images, std::int64_t batch_size, std::int64_t smallest_batch) {
  const std::int64_t rest = images % batch_size;
  return rest > 0 && rest < smallest_batch && images > batch_size ? LastBatch::merge : LastBatch::keep;
}

std::vector<std::int64_t> epoch_order(std::int64_t size, Order order, std::uint64_t seed, std::int64_t epoch) {
  if (order == Order::shuffled) {
    PhiloxStream random(seed, RandomPurpose::shuffle, static_cast<std::uint32_t>(epoch));
    return permutation(size, random);
  }
  std::vector<std::int64_t> ascending(static_cast<std::size_t>(size));
  std::iota(ascending.begin(), ascending.end(), std::int64_t{0});
  return ascending;
}

Loader::Loader(const ImageDataset& dataset, LoaderOptions options)
    : dataset_(dataset),
      options_(std::move(options)),
      values_(normalised_values(options_.normalisation, dataset.channels)),
      prefetcher_(kBatchesAhead) {
  check(dataset_, options_);
  require(options_.precision == DType::f32 || options_.precision == DType::bf16, "loader",
          "expects images in f32 or bf16, got ", name_of(options_.precision));
  const std::int64_t batches = batches_per_epoch();
  require(batches > 0, "loader", "expects a batch an epoch, got none: ", dataset.size(), " images in batches of ",
          options_.batch_size, ", without those that are left");
  require(images_in(batches - 1) >= options_.smallest_batch, "loader", "expects batches of ", options_.smallest_batch,
          " images or more, got ", images_in(batches - 1), " in the last one: ", dataset.size(),
          " images in batches of ", options_.batch_size);
  if (options_.device.kind == DeviceKind::cpu) return;
  try {
    on_device_.emplace(dataset_, values_, options_.device);
  } catch (const OutOfMemory&) {
    on_device_.reset();
  }
}

std::int64_t Loader::batches_per_epoch() const {
  const std::int64_t full = dataset_.size() / options_.batch_size;
  const std::int64_t rest = dataset_.size() % options_.batch_size;
  const bool own =
      rest > 0 && options_.last_batch != LastBatch::drop && (options_.last_batch == LastBatch::keep || full == 0);
  return full + (own ? 1 : 0);
}

std::int64_t Loader::images_per_epoch() const {
  return options_.last_batch == LastBatch::drop ? batches_per_epoch() * options_.batch_size : dataset_.size();
}

std::int64_t Loader::images_in(std::int64_t batch) const {
  const std::int64_t before = batch * options_.batch_size;
  return batch + 1 == batches_per_epoch() ? images_per_epoch() - before : options_.batch_size;
}

void Loader::start_epoch(std::int64_t epoch, std::int64_t first_batch) {
  const std::int64_t batches = batches_per_epoch();
  require(epoch >= 0, "loader", "expects an epoch of 0 or more, got ", epoch);
  require(first_batch >= 0 && first_batch <= batches, "loader", "expects a first batch of 0 to ", batches, ", got ",
          first_batch);
  prefetcher_.stop();
  epoch_ = epoch;
  order_ = epoch_order(dataset_.size(), options_.order, options_.seed, epoch);
  if (on_device_) {
    on_device_->start_epoch(epoch, order_);
    next_on_device_ = first_batch;
    return;
  }
  prefetcher_.start([this, index = first_batch, batches]() mutable -> std::optional<Batch> {
    if (index == batches) return std::nullopt;
    return make_batch(index++);
  });
}

std::optional<Batch> Loader::next() {
  require(epoch_ >= 0, "loader", "expects start_epoch before next");
  if (on_device_) {
    if (next_on_device_ == batches_per_epoch()) return std::nullopt;
    return make_on_device(next_on_device_++);
  }
  std::optional<Batch> batch = prefetcher_.next();
  if (batch) {
    batch->images = batch->images.to(options_.device);
    batch->labels = batch->labels.to(options_.device);
  }
  return batch;
}

kernels::AugmentGeometry Loader::geometry_of(std::int64_t batch) const {
  return {images_in(batch), dataset_.height, dataset_.width, dataset_.channels, options_.augment};
}

Batch Loader::make_on_device(std::int64_t index) const {
  const kernels::AugmentGeometry geometry = geometry_of(index);
  const std::int64_t first = index * options_.batch_size;
  return {.images = on_device_->images(geometry, options_.seed, first, options_.precision),
          .labels = on_device_->labels(first, geometry.samples),
          .index = index};
}

std::span<const std::int64_t> Loader::samples(std::int64_t batch) const {
  require(epoch_ >= 0 && batch >= 0 && batch < batches_per_epoch(), "loader",
          "expects a batch of an epoch that was started, 0 to ", batches_per_epoch() - 1, ", got ", batch);
  return std::span(order_).subspan(static_cast<std::size_t>(batch * options_.batch_size),
                                   static_cast<std::size_t>(geometry_of(batch).samples));
}

Batch Loader::make_batch(std::int64_t index) const {
  const kernels::AugmentGeometry geometry = geometry_of(index);
  const std::int64_t* which = samples(index).data();
  Batch batch{.images = Tensor::empty({geometry.samples, dataset_.height, dataset_.width, dataset_.channels},
                                      options_.precision),
              .labels = Tensor::empty({geometry.samples}, DType::i32),
              .index = index};
  const Exec exec = exec_of(batch.images);
  const auto epoch = static_cast<double>(epoch_);
  with_type(Types<float, BFloat16>{}, options_.precision, "loader", [&]<class T>() {
    kernels::Augment<Cpu>::images(exec, geometry, options_.seed, &epoch, which, dataset_.images.data(), values_.data(),
                                  batch.images.mutable_data<T>());
  });
  kernels::Augment<Cpu>::labels(exec, geometry.samples, which, dataset_.labels.data(),
                                batch.labels.mutable_data<std::int32_t>());
  return batch;
}

}  // namespace sluice::data
