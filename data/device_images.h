// SPDX-License-Identifier: Apache-2.0
// A data set that lives in a device's memory, and batches that are made there: augmented, normalised, in the order of
// an epoch, by the same decisions as on the host.
#pragma once

#include <cstdint>
#include <span>

#include <sluice/core/tensor.h>
#include <sluice/data/dataset.h>
#include <sluice/kernels/augment.h>

namespace sluice::data {

class DeviceImages {
 public:
  // `values` [C,256] as normalised_values gives them. Throws OutOfMemory where the images don't fit.
  DeviceImages(const ImageDataset& dataset, std::span<const float> values, Device device);

  // Uploads which image comes at which place in that epoch.
  void start_epoch(std::int64_t epoch, std::span<const std::int64_t> order);

  // Images [geometry.samples,H,W,C] in `dtype` (f32 or bf16) and labels of the places from `first` on.
  Tensor images(const kernels::AugmentGeometry& geometry, std::uint64_t seed, std::int64_t first, DType dtype) const;
  Tensor labels(std::int64_t first, std::int64_t count) const;

 private:
  const std::int64_t* order_from(std::int64_t first) const;

  Device device_;
  Tensor images_, labels_, values_;
  Tensor order_;  // int64 [D] as bytes
  Tensor epoch_;
};

}  // namespace sluice::data
