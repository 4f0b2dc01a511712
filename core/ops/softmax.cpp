// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/softmax.h>

#include <sluice/core/ops/detail/broadcast.h>
#include <sluice/kernels/runtime/dispatch.h>
#include <sluice/kernels/softmax.h>

namespace sluice::ops {
namespace {

std::int64_t classes_of(const char* op, const Shape& shape) {
  require(shape.rank() >= 1 && shape[-1] > 0, op, "expects [...,C] with at least one class, got ", shape);
  return shape[-1];
}

}  // namespace

Variable softmax(const Variable& x) {
  const std::int64_t classes = classes_of("softmax", x.shape());
  const std::int64_t rows = x.value().size() / classes;
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.value().device());
  dispatch(exec_of(y), x.dtype(), "softmax", [&]<class Device, class T>() {
    kernels::Softmax<Device>::forward(exec_of(y), rows, classes, x.value().data<T>(), y.mutable_data<T>());
  });
  return record("softmax", y, {&x}, [rows, classes, y](Tensor dy, Gradients& gradients) {
    Tensor dx = detail::room_for_gradient(dy, dy.shape());
    dispatch(exec_of(dy), dy.dtype(), "softmax", [&]<class Device, class T>() {
      kernels::Softmax<Device>::backward(exec_of(dy), rows, classes, y.data<T>(), dy.data<T>(), dx.mutable_data<T>());
    });
    dy = {};
    gradients.add(0, std::move(dx));
  });
}

Variable log_softmax(const Variable& x) {
  const std::int64_t classes = classes_of("log_softmax", x.shape());
  const std::int64_t rows = x.value().size() / classes;
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.value().device());
  dispatch(exec_of(y), x.dtype(), "log_softmax", [&]<class Device, class T>() {
    kernels::LogSoftmax<Device>::forward(exec_of(y), rows, classes, x.value().data<T>(), y.mutable_data<T>());
  });
  return record("log_softmax", y, {&x}, [rows, classes, y](Tensor dy, Gradients& gradients) {
    Tensor dx = detail::room_for_gradient(dy, dy.shape());
    dispatch(exec_of(dy), dy.dtype(), "log_softmax", [&]<class Device, class T>() {
      kernels::LogSoftmax<Device>::backward(exec_of(dy), rows, classes, y.data<T>(), dy.data<T>(),
                                            dx.mutable_data<T>());
    });
    dy = {};
    gradients.add(0, std::move(dx));
  });
}

}  // namespace sluice::ops
