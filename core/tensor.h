// SPDX-License-Identifier: Apache-2.0
// A tensor: shape, element type and shared storage, always contiguous. Copying a Tensor shares the elements; clone()
// copies them. Images are [N,H,W,C], convolution weights [K,R,S,C] (out, height, width, in).
#pragma once

#include <initializer_list>
#include <memory>
#include <span>
#include <vector>

#include <sluice/base/error.h>
#include <sluice/base/exec.h>
#include <sluice/base/types.h>
#include <sluice/core/allocator.h>
#include <sluice/core/shape.h>

namespace sluice {

class Tensor {
 public:
  // An undefined tensor: no shape, no storage.
  Tensor() = default;

  // Elements unspecified. Throws OutOfMemory, which names the file that asked.
  static Tensor empty(const Shape& shape, DType dtype, Device device = {},
                      std::source_location asker = std::source_location::current());
  static Tensor zeros(const Shape& shape, DType dtype, Device device = {});
  // f32, bf16, f64 and i32 only.
  static Tensor full(const Shape& shape, double value, DType dtype, Device device = {});
  // Elements in memory order; `values` must be as many as the shape has.
  template <class T>
  static Tensor from(std::span<const T> values, const Shape& shape, Device device = {});
  template <class T>
  static Tensor from(std::initializer_list<T> values, const Shape& shape, Device device = {}) {
    return from(std::span<const T>(values.begin(), values.size()), shape, device);
  }

  // Elements that lie in memory of somebody else, at a multiple of 16 bytes and in row-major order, which `owner` keeps
  // alive. Throws std::invalid_argument for memory that is not aligned so.
  static Tensor over(void* memory, const Shape& shape, DType dtype, Device device, std::shared_ptr<void> owner);
  // Says that somebody outside of the library reads and writes the elements from here on: no operation takes the memory
  // for its own, and rounded() makes its copy anew each time.
  void share_outside() const;

  bool defined() const { return storage_ != nullptr; }
  const Shape& shape() const { return shape_; }
  DType dtype() const { return dtype_; }
  Device device() const;
  std::int64_t size() const { return size_; }
  std::size_t bytes() const { return static_cast<std::size_t>(size_) * size_of(dtype_); }

  // The first element, to read: nullptr for an undefined tensor. Throws std::invalid_argument where T is not the
  // element type.
  template <class T>
  const T* data() const {
    check_type(dtype_of<T>);
    return static_cast<const T*>(raw());
  }
  // The same, to write. Ask anew before each writing: it marks the copy that rounded() keeps as out of date.
  template <class T>
  T* mutable_data() {
    check_type(dtype_of<T>);
    return static_cast<T*>(raw_to_write());
  }
  const void* raw() const;
  void* raw_to_write();

  // The elements of an f32 tensor rounded to bf16 (to nearest even), to read now: a copy that lives as long as the
  // elements and is made again only where they may have been written. Throws std::invalid_argument for other types.
  const BFloat16* rounded() const;
  // For a kernel that writes the elements and the copy with them, after mutable_data<float>(): the copy, nullptr where
  // none is kept; set_rounded() says that both are written.
  BFloat16* rounded_to_write();
  void set_rounded();

  // The same elements under another shape of equal size.
  Tensor reshape(const Shape& shape) const;
  // Whether nothing else shares the storage, so that an operation may overwrite it.
  bool unique() const;

  Tensor clone() const;
  // A copy of rows [first, first + count) of the outermost axis. Throws where they are not all there.
  Tensor rows(std::int64_t first, std::int64_t count) const;
  // Copies all elements of `source`, which has the same shape and type, on any device.
  void copy_from(const Tensor& source);
  // On another device; shares storage where it is there already.
  Tensor to(Device device) const;
  // In another floating type (f32, bf16, f64); shares storage where the type is that already.
  Tensor cast(DType dtype) const;
  void fill_zero();
  // Every element becomes `value`; f32, bf16, f64 and i32 only. Waits for nothing.
  void fill(double value);

  // The single element of a tensor of size 1, as double; waits for the device.
  double item() const;
  // All elements on the host; T must be the element type.
  template <class T>
  std::vector<T> to_vector() const;

 private:
  struct Storage;

  void check_type(DType asked) const {
    require(!defined() || asked == dtype_, "tensor", "holds ", name_of(dtype_), ", asked for ", name_of(asked));
  }

  std::shared_ptr<Storage> storage_;
  Shape shape_;
  std::int64_t size_ = 0;
  DType dtype_ = DType::f32;
};

// Throws std::invalid_argument "[op] expects operands on cuda:0, got one on cpu" unless all that are defined are on the
// device of the first.
void require_one_device(const char* op, std::initializer_list<const Tensor*> operands);

// The Exec on which operations on that tensor run: its device, and the library's stream there.
Exec exec_of(const Tensor& tensor);

}  // namespace sluice
