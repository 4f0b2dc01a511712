// SPDX-License-Identifier: Apache-2.0
#include "core/ops/softmax.h"

#include "kernels/base/dispatch.h"
#include "kernels/softmax.h"

namespace sluice::ops {
namespace {

std::int64_t classes_of(const char* op, const Shape& shape) {
  require(shape.rank() >= 1 && shape[-1] > 0, op, "expects [...,C] with at least one class, got ", shape);
  return shape[-1];
}

// Where a gradient may be written: over the arrived one, unless others look at it.
Tensor room_for_gradient(const Tensor& dy) {
  return dy.unique() ? dy : Tensor::empty(dy.shape(), dy.dtype(), dy.device());
}

}  // namespace

Variable softmax(const Variable& x) {
  const std::int64_t classes = classes_of("softmax", x.shape());
  const std::int64_t rows = x.value().size() / classes;
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.value().device());
  with_float_type(x.dtype(), "softmax", [&](auto tag) {
    using T = decltype(tag);
    SLUICE_KERNEL(T, exec_of(y), softmax_forward, rows, classes, x.value().ptr<T>(), y.ptr<T>());
  });
  return record("softmax", y, {&x}, [rows, classes, y](Tensor dy, Gradients& gradients) {
    Tensor dx = room_for_gradient(dy);
    with_float_type(dy.dtype(), "softmax", [&](auto tag) {
      using T = decltype(tag);
      SLUICE_KERNEL(T, exec_of(dy), softmax_backward, rows, classes, y.ptr<T>(), dy.ptr<T>(), dx.ptr<T>());
    });
    dy = {};
    gradients.add(0, std::move(dx));
  });
}

Variable log_softmax(const Variable& x) {
  const std::int64_t classes = classes_of("log_softmax", x.shape());
  const std::int64_t rows = x.value().size() / classes;
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.value().device());
  with_float_type(x.dtype(), "log_softmax", [&](auto tag) {
    using T = decltype(tag);
    SLUICE_KERNEL(T, exec_of(y), log_softmax_forward, rows, classes, x.value().ptr<T>(), y.ptr<T>());
  });
  return record("log_softmax", y, {&x}, [rows, classes, y](Tensor dy, Gradients& gradients) {
    Tensor dx = room_for_gradient(dy);
    with_float_type(dy.dtype(), "log_softmax", [&](auto tag) {
      using T = decltype(tag);
      SLUICE_KERNEL(T, exec_of(dy), log_softmax_backward, rows, classes, y.ptr<T>(), dy.ptr<T>(), dx.ptr<T>());
    });
    dy = {};
    gradients.add(0, std::move(dx));
  });
}

}  // namespace sluice::ops
