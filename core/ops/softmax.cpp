// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/softmax.h>

#include <sluice/core/ops/detail/broadcast.h>
#include <sluice/core/ops/detail/line.h>
#include <sluice/kernels/runtime/dispatch.h>
#include <sluice/kernels/softmax.h>

namespace sluice::ops {
namespace {

// Function is Softmax or LogSoftmax.
template <template <class> class Function>
Variable over_axis(const char* op, const Variable& x, int axis) {
  const detail::Lines lines = detail::lines_of(op, x.shape(), axis);
  require(lines.extent > 0, op, "expects at least one class, got ", x.shape());
  const kernels::SoftmaxGeometry g{lines.outer, lines.extent, lines.inner};
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.value().device());
  dispatch(exec_of(y), x.dtype(), op, [&]<class Device, class T>() {
    Function<Device>::forward(exec_of(y), g, x.value().data<T>(), y.mutable_data<T>());
  });
  return record(op, y, {&x}, [op, g, y](Tensor dy, Gradients& gradients) {
    Tensor dx = detail::room_for_gradient(dy, dy.shape());
    dispatch(exec_of(dy), dy.dtype(), op, [&]<class Device, class T>() {
      Function<Device>::backward(exec_of(dy), g, y.data<T>(), dy.data<T>(), dx.mutable_data<T>());
    });
    dy = {};
    gradients.add(0, std::move(dx));
  });
}

}  // namespace

Variable softmax(const Variable& x, int axis) { return over_axis<kernels::Softmax>("softmax", x, axis); }
Variable log_softmax(const Variable& x, int axis) { return over_axis<kernels::LogSoftmax>("log_softmax", x, axis); }

}  // namespace sluice::ops
