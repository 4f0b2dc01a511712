// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/flood.h>

#include <cmath>

#include <sluice/kernels/elementwise.h>
#include <sluice/kernels/flood.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::ops {
namespace {

void check_loss(const char* op, const Tensor& loss) {
  require(loss.defined() && loss.size() == 1, op, "expects a scalar loss, got ", loss.shape());
  require(loss.dtype() == DType::f32 || loss.dtype() == DType::f64, op, "expects a loss in f32 or f64, got ",
          name_of(loss.dtype()));
}

// The level as the kernels take it, on the loss's device.
Tensor checked_level(const char* op, const Tensor& loss, double level) {
  require(std::isfinite(level) && level >= 0, op, "expects a finite level of at least 0, got ", level);
  check_loss(op, loss);
  return Tensor::full({}, level, DType::f64, loss.device());
}

void check(const char* op, const Tensor& loss, const Tensor& level) {
  check_loss(op, loss);
  require(level.defined() && level.size() == 1 && level.dtype() == DType::f64 && level.device() == loss.device(), op,
          "level expects an f64 scalar on ", loss.device(), ", got ", name_of(level.dtype()), level.shape(), " on ",
          level.device());
}

}  // namespace

Variable flood(const Variable& loss, double level) {
  const Tensor in_memory = checked_level("flood", loss.value(), level);
  return level == 0 ? loss : flood(loss, in_memory);
}

Variable flood(const Variable& loss, const Tensor& level) {
  check("flood", loss.value(), level);
  Tensor value = Tensor::empty(loss.shape(), loss.dtype(), loss.value().device());
  Tensor sign = Tensor::empty(loss.shape(), loss.dtype(), loss.value().device());
  dispatch_master(exec_of(value), loss.dtype(), "flood", [&]<class Device, class T>() {
    kernels::Flood<Device>::forward(exec_of(value), level.data<double>(), loss.value().data<T>(),
                                    value.mutable_data<T>(), sign.mutable_data<T>());
  });
  return record("flood", value, {&loss}, [sign](const Tensor& dy, Gradients& gradients) {
    Tensor dx = Tensor::empty(dy.shape(), dy.dtype(), dy.device());
    dispatch_master(exec_of(dy), dy.dtype(), "flood", [&]<class Device, class T>() {
      kernels::Elementwise<Device>::scale_by(exec_of(dy), 1, sign.data<T>(), dy.data<T>(), dx.mutable_data<T>());
    });
    gradients.add(0, std::move(dx));
  });
}

Tensor flood_sign(const Tensor& mean_loss, double level) {
  return flood_sign(mean_loss, checked_level("flood_sign", mean_loss, level));
}

Tensor flood_sign(const Tensor& mean_loss, const Tensor& level) {
  check("flood_sign", mean_loss, level);
  Tensor sign = Tensor::empty({}, mean_loss.dtype(), mean_loss.device());
  dispatch_master(exec_of(sign), mean_loss.dtype(), "flood", [&]<class Device, class T>() {
    kernels::Flood<Device>::forward(exec_of(sign), level.data<double>(), mean_loss.data<T>(), static_cast<T*>(nullptr),
                                    sign.mutable_data<T>());
  });
  return sign.cast(DType::f32);
}

}  // namespace sluice::ops
