// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/flood.h>

#include <cmath>

#include <sluice/kernels/elementwise.h>
#include <sluice/kernels/flood.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::ops {
namespace {

// f(T{}) with the type of the loss.
template <class F>
void with_loss_type(DType dtype, F&& f) {
  if (dtype == DType::f64)
    f(double{});
  else
    f(float{});
}

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
  with_loss_type(loss.dtype(), [&](auto tag) {
    using T = decltype(tag);
    SLUICE_KERNEL(T, exec_of(value), flood_forward, level.ptr<double>(), loss.value().ptr<T>(), value.ptr<T>(),
                  sign.ptr<T>());
  });
  return record("flood", value, {&loss}, [sign](const Tensor& dy, Gradients& gradients) {
    Tensor dx = Tensor::empty(dy.shape(), dy.dtype(), dy.device());
    with_loss_type(dy.dtype(), [&](auto tag) {
      using T = decltype(tag);
      SLUICE_KERNEL(T, exec_of(dy), scale_by, 1, sign.ptr<T>(), dy.ptr<T>(), dx.ptr<T>());
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
  with_loss_type(mean_loss.dtype(), [&](auto tag) {
    using T = decltype(tag);
    SLUICE_KERNEL(T, exec_of(sign), flood_forward, level.ptr<double>(), mean_loss.ptr<T>(), static_cast<T*>(nullptr),
                  sign.ptr<T>());
  });
  return sign.cast(DType::f32);
}

}  // namespace sluice::ops
