// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/dlpack.h>

#if __has_include(<dlpack/dlpack.h>)
#include <dlpack/dlpack.h>

#include <array>

namespace sluice {
namespace {

// Since version 0.8 of DLPack; before, bools were not there.
constexpr int kBool = 6;

// What an exported tensor's structure points into.
struct Exported {
  DLManagedTensor managed{};
  Tensor tensor;
  std::array<std::int64_t, Shape::kMaxRank> extents{}, strides{};
};

DLDataType type_of(DType dtype) {
  const auto bits = static_cast<std::uint8_t>(8 * size_of(dtype));
  switch (dtype) {
    case DType::i32: return {kDLInt, bits, 1};
    case DType::u8: return {kDLUInt, bits, 1};
    case DType::bf16: return {kDLBfloat, bits, 1};
    default: return {kDLFloat, bits, 1};
  }
}

DType dtype_from(const DLDataType& type) {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f64, DType::i32, DType::u8}) {
    const DLDataType own = type_of(dtype);
    if (type.code == own.code && type.bits == own.bits && type.lanes == 1) return dtype;
  }
  require(type.code == kBool && type.bits == 8 && type.lanes == 1, "from_dlpack",
          "expects f32, bf16, f64, i32, u8 or bool, got type code ", int{type.code}, " of ", int{type.bits},
          " bits and ", type.lanes, " lanes");
  return DType::u8;
}

Device device_from(const DLDevice& device) {
  require(device.device_type == kDLCPU || device.device_type == kDLCUDAHost || device.device_type == kDLCUDA,
          "from_dlpack", "expects memory of the cpu or of cuda, got device type ",
          static_cast<int>(device.device_type));
  return device.device_type == kDLCUDA ? Device{DeviceKind::cuda, device.device_id} : Device{};
}

Shape shape_from(const DLTensor& given) {
  require(given.ndim >= 0 && given.ndim <= Shape::kMaxRank, "from_dlpack", "expects at most ", Shape::kMaxRank,
          " axes, got ", given.ndim);
  const Shape shape(std::span<const std::int64_t>(given.shape, static_cast<std::size_t>(given.ndim)));
  if (given.strides == nullptr || shape.size() == 0) return shape;
  std::int64_t stride = 1;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    require(shape[axis] == 1 || given.strides[axis] == stride, "from_dlpack",
            "expects elements in row-major order, got stride ", given.strides[axis], " of axis ", axis, " of ", shape);
    stride *= shape[axis];
  }
  return shape;
}

}  // namespace

DLManagedTensor* to_dlpack(const Tensor& tensor) {
  require(tensor.defined(), "to_dlpack", "expects a tensor, got an undefined one");
  tensor.share_outside();
  auto* exported = new Exported{.managed = {}, .tensor = tensor};
  std::int64_t stride = 1;
  const Shape& shape = tensor.shape();
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    exported->extents[static_cast<std::size_t>(axis)] = shape[axis];
    exported->strides[static_cast<std::size_t>(axis)] = stride;
    stride *= shape[axis];
  }
  DLTensor& described = exported->managed.dl_tensor;
  described.data = exported->tensor.raw_to_write();
  described.device = {tensor.device().kind == DeviceKind::cpu ? kDLCPU : kDLCUDA, tensor.device().index};
  described.ndim = shape.rank();
  described.dtype = type_of(tensor.dtype());
  described.shape = exported->extents.data();
  described.strides = exported->strides.data();
  exported->managed.manager_ctx = exported;
  exported->managed.deleter = [](DLManagedTensor* self) { delete static_cast<Exported*>(self->manager_ctx); };
  return &exported->managed;
}

Tensor from_dlpack(DLManagedTensor* managed) {
  require(managed != nullptr, "from_dlpack", "expects a tensor, got none");
  const std::shared_ptr<void> owner(managed, [](DLManagedTensor* given) {
    if (given->deleter != nullptr) given->deleter(given);
  });
  const DLTensor& given = managed->dl_tensor;
  return Tensor::over(static_cast<std::byte*>(given.data) + given.byte_offset, shape_from(given),
                      dtype_from(given.dtype), device_from(given.device), owner);
}

}  // namespace sluice

#else

namespace sluice {
namespace {
[[noreturn]] void refuse() {
  throw DeviceError(
      "this build of Sluice has no DLPack: install its header dlpack/dlpack.h (Debian: libdlpack-dev) and build again");
}
}  // namespace

DLManagedTensor* to_dlpack(const Tensor&) { refuse(); }
Tensor from_dlpack(DLManagedTensor*) { refuse(); }

}  // namespace sluice

#endif
