// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/tensor.h>

#include <cstring>
#include <limits>

#include <sluice/core/rounded_copy.h>
#include <sluice/kernels/elementwise.h>
#include <sluice/kernels/runtime/device.h>
#include <sluice/kernels/runtime/dispatch.h>
#include <sluice/kernels/runtime/memory.h>

namespace sluice {

struct Tensor::Storage {
  Device device;
  CachingAllocator::Block block;
  std::shared_ptr<RoundedCopy> rounded;  // where it was asked for
  std::shared_ptr<void> owner;           // of the memory, where it is not the allocator's
  bool outside = false;                  // somebody outside of the library shares the memory

  Storage(Device where, std::size_t bytes, std::source_location asker)
      : device(where), block(allocator(where).allocate(bytes, asker)) {}
  Storage(Device where, void* memory, std::size_t bytes, std::shared_ptr<void> keeper)
      : device(where), block{.memory = memory, .bytes = bytes, .pool = {}}, owner(std::move(keeper)), outside(true) {}
  ~Storage() {
    if (!owner) allocator(device).release(std::move(block));
  }
  Storage(const Storage&) = delete;
  Storage& operator=(const Storage&) = delete;
};

Tensor Tensor::empty(const Shape& shape, DType dtype, Device device, std::source_location asker) {
  Tensor tensor;
  tensor.shape_ = shape;
  tensor.size_ = shape.size();
  require(tensor.size_ <= std::numeric_limits<std::int64_t>::max() / static_cast<std::int64_t>(size_of(dtype)),
          "tensor", name_of(dtype), shape, " takes more than 2^63 bytes");
  tensor.dtype_ = dtype;
  tensor.storage_ = std::make_shared<Storage>(device, tensor.bytes(), asker);
  return tensor;
}

Tensor Tensor::zeros(const Shape& shape, DType dtype, Device device) {
  Tensor tensor = empty(shape, dtype, device);
  tensor.fill_zero();
  return tensor;
}

Tensor Tensor::full(const Shape& shape, double value, DType dtype, Device device) {
  Tensor tensor = empty(shape, dtype, device);
  tensor.fill(value);
  return tensor;
}

template <class T>
Tensor Tensor::from(std::span<const T> values, const Shape& shape, Device device) {
  require(static_cast<std::int64_t>(values.size()) == shape.size(), "tensor", "shape ", shape, " needs ", shape.size(),
          " values, got ", values.size());
  Tensor tensor = empty(shape, dtype_of<T>, device);
  kernels::copy_bytes(exec_of(tensor), device, tensor.raw_to_write(), Device{}, values.data(), tensor.bytes());
  return tensor;
}

Tensor Tensor::over(void* memory, const Shape& shape, DType dtype, Device device, std::shared_ptr<void> owner) {
  require(reinterpret_cast<std::uintptr_t>(memory) % 16 == 0, "tensor",
          "expects memory at a multiple of 16 bytes, got ", memory);
  Tensor tensor;
  tensor.shape_ = shape;
  tensor.size_ = shape.size();
  tensor.dtype_ = dtype;
  tensor.storage_ = std::make_shared<Storage>(device, memory, tensor.bytes(), std::move(owner));
  return tensor;
}

void Tensor::share_outside() const {
  if (defined()) storage_->outside = true;
}

bool Tensor::unique() const { return storage_.use_count() == 1 && !storage_->outside; }

Device Tensor::device() const { return defined() ? storage_->device : Device{}; }

const void* Tensor::raw() const { return defined() ? storage_->block.memory : nullptr; }

void* Tensor::raw_to_write() {
  if (!defined()) return nullptr;
  if (storage_->rounded) storage_->rounded->set_stale();
  return storage_->block.memory;
}

const BFloat16* Tensor::rounded() const {
  const auto* elements = data<float>();
  if (!defined()) return nullptr;
  if (!storage_->rounded) storage_->rounded = std::make_shared<RoundedCopy>(device(), elements, size_);
  if (storage_->outside) storage_->rounded->set_stale();
  return storage_->rounded->current();
}

BFloat16* Tensor::rounded_to_write() {
  return defined() && storage_->rounded ? storage_->rounded->to_write() : nullptr;
}

void Tensor::set_rounded() {
  if (defined() && storage_->rounded) storage_->rounded->set_current();
}

Tensor Tensor::reshape(const Shape& shape) const {
  require(shape.size() == size_, "reshape", "from ", shape_, " (", size_, " elements) to ", shape, " (", shape.size(),
          ")");
  Tensor view = *this;
  view.shape_ = shape;
  return view;
}

Tensor Tensor::clone() const {
  if (!defined()) return {};
  Tensor copy = empty(shape_, dtype_, device());
  copy.copy_from(*this);
  return copy;
}

Tensor Tensor::rows(std::int64_t first, std::int64_t count) const {
  require(shape_.rank() > 0 && first >= 0 && count >= 0 && first + count <= shape_[0], "rows", first, " to ",
          first + count, " of a tensor of shape ", shape_);
  std::vector<std::int64_t> extents(shape_.extents().begin(), shape_.extents().end());
  const std::size_t row_bytes = shape_[0] == 0 ? 0 : bytes() / static_cast<std::size_t>(shape_[0]);
  extents[0] = count;
  Tensor part = empty(Shape(std::span<const std::int64_t>(extents)), dtype_, device());
  const auto* begin = static_cast<const std::byte*>(raw()) + static_cast<std::size_t>(first) * row_bytes;
  kernels::copy_bytes(exec_of(*this), device(), part.raw_to_write(), device(), begin, part.bytes());
  return part;
}

void Tensor::copy_from(const Tensor& source) {
  require(source.shape_ == shape_ && source.dtype_ == dtype_, "copy", "to ", name_of(dtype_), shape_, " from ",
          name_of(source.dtype_), source.shape_);
  const Tensor& ordering = device().kind == DeviceKind::cpu ? source : *this;
  kernels::copy_bytes(exec_of(ordering), device(), raw_to_write(), source.device(), source.raw(), bytes());
}

Tensor Tensor::to(Device target) const {
  if (!defined() || target == device()) return *this;
  Tensor copy = empty(shape_, dtype_, target);
  copy.copy_from(*this);
  return copy;
}

Tensor Tensor::cast(DType dtype) const {
  if (!defined() || dtype == dtype_) return *this;
  Tensor result = empty(shape_, dtype, device());
  const Exec exec = exec_of(*this);
  dispatch(exec, dtype_, "cast", [&]<class Device, class From>() {
    with_type(CpuTypes{}, dtype, "cast", [&]<class To>() {
      kernels::Elementwise<Device>::cast(exec, size_, data<From>(), result.mutable_data<To>());
    });
  });
  return result;
}

void Tensor::fill_zero() {
  if (defined()) kernels::fill_zero(exec_of(*this), raw_to_write(), bytes());
}

void Tensor::fill(double value) {
  const auto fill_with = [&]<class T>(T element) {
    std::uint64_t pattern = 0;
    std::memcpy(&pattern, &element, sizeof element);
    kernels::fill(exec_of(*this), raw_to_write(), size_, sizeof element, pattern);
  };
  if (dtype_ == DType::i32) return fill_with(static_cast<std::int32_t>(value));
  with_type(CpuTypes{}, dtype_, "fill", [&]<class T>() { fill_with(T(static_cast<Master<T>>(value))); });
}

double Tensor::item() const {
  require(size_ == 1, "item", "expects a tensor of one element, got ", shape_);
  if (dtype_ == DType::i32) return to_vector<std::int32_t>()[0];
  return with_type(CpuTypes{}, dtype_, "item",
                   [&]<class T>() -> double { return static_cast<Master<T>>(to_vector<T>()[0]); });
}

template <class T>
std::vector<T> Tensor::to_vector() const {
  std::vector<T> values(static_cast<std::size_t>(size_));
  kernels::copy_bytes(exec_of(*this), Device{}, values.data(), device(), data<T>(), bytes());
  return values;
}

void require_one_device(const char* op, std::initializer_list<const Tensor*> operands) {
  const Device device = (*operands.begin())->device();
  for (const Tensor* operand : operands)
    require(!operand->defined() || operand->device() == device, op, "expects operands on ", device, ", got one on ",
            operand->device());
}

Exec exec_of(const Tensor& tensor) { return kernels::exec_on(tensor.device()); }

[[gnu::used]] constexpr auto kInstances = instantiate(CpuNumberTypes{}, []<class T>(Type<T>) {
  return std::tuple(static_cast<Tensor (*)(std::span<const T>, const Shape&, Device)>(&Tensor::from<T>),
                    &Tensor::to_vector<T>);
});

}  // namespace sluice
