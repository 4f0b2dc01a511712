// SPDX-License-Identifier: Apache-2.0
#include <sluice/data/device_images.h>

#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::data {

DeviceImages::DeviceImages(const ImageDataset& dataset, std::span<const float> values, Device device)
    : device_(device),
      images_(Tensor::from<std::uint8_t>(dataset.images, {static_cast<std::int64_t>(dataset.images.size())}, device)),
      labels_(Tensor::from<std::int32_t>(dataset.labels, {dataset.size()}, device)),
      values_(Tensor::from<float>(values, {static_cast<std::int64_t>(values.size())}, device)),
      order_(Tensor::empty({dataset.size() * std::int64_t{sizeof(std::int64_t)}}, DType::u8, device)),
      epoch_(Tensor::zeros({}, DType::f64, device)) {}

void DeviceImages::start_epoch(std::int64_t epoch, std::span<const std::int64_t> order) {
  const auto* bytes = reinterpret_cast<const std::uint8_t*>(order.data());
  order_ = Tensor::from(std::span(bytes, order.size_bytes()), order_.shape(), device_);
  epoch_ = Tensor::full({}, static_cast<double>(epoch), DType::f64, device_);
}

const std::int64_t* DeviceImages::order_from(std::int64_t first) const {
  return reinterpret_cast<const std::int64_t*>(order_.data<std::uint8_t>()) + first;
}

Tensor DeviceImages::images(const kernels::AugmentGeometry& geometry, std::uint64_t seed, std::int64_t first,
                            DType dtype) const {
  Tensor y = Tensor::empty({geometry.samples, geometry.height, geometry.width, geometry.channels}, dtype, device_);
  const Exec exec = exec_of(y);
  const std::int64_t* which = order_from(first);
  dispatch<Types<float, BFloat16>, CudaTypes>(exec, dtype, "augment", [&]<class Device, class T>() {
    kernels::Augment<Device>::images(exec, geometry, seed, epoch_.data<double>(), which, images_.data<std::uint8_t>(),
                                     values_.data<float>(), y.mutable_data<T>());
  });
  return y;
}

Tensor DeviceImages::labels(std::int64_t first, std::int64_t count) const {
  Tensor gathered = Tensor::empty({count}, DType::i32, device_);
  const Exec exec = exec_of(gathered);
  dispatch_device(exec, "augment", [&]<class Device>() {
    kernels::Augment<Device>::labels(exec, count, order_from(first), labels_.data<std::int32_t>(),
                                     gathered.mutable_data<std::int32_t>());
  });
  return gathered;
}

}  // namespace sluice::data
