// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/update.h>

#include <sluice/kernels/optimizer.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::ops {
namespace {

// f(T{}) with the master type `dtype`.
template <class F>
void with_master_type(DType dtype, const char* op, F&& f) {
  require(dtype == DType::f32 || dtype == DType::f64, op, "expects f32 or f64, got ", name_of(dtype));
  if (dtype == DType::f64)
    f(double{});
  else
    f(float{});
}

void check(const char* op, const char* what, const Tensor& tensor, const Tensor& like) {
  require(tensor.shape() == like.shape() && tensor.dtype() == like.dtype(), op, what, " expects ",
          name_of(like.dtype()), like.shape(), ", got ", name_of(tensor.dtype()), tensor.shape());
}

void check_rate(const char* op, const Tensor& rate) {
  require(rate.dtype() == DType::f64 && rate.size() == 1, op, "learning rate expects an f64 scalar, got ",
          name_of(rate.dtype()), rate.shape());
}

template <class T>
std::vector<kernels::OptimizerSegment<T>> segments_of(const char* op, std::span<const ParameterUpdate> updates) {
  std::vector<kernels::OptimizerSegment<T>> segments;
  segments.reserve(updates.size());
  for (const ParameterUpdate& update : updates) {
    require_one_device(op, {&update.value, &update.gradient, &update.first, &update.second, &update.step});
    check(op, "gradient", update.gradient, update.value);
    if (update.first.defined()) check(op, "first state", update.first, update.value);
    if (update.second.defined()) check(op, "second state", update.second, update.value);
    segments.push_back({.count = update.value.size(),
                        .value = update.value.ptr<T>(),
                        .gradient = update.gradient.ptr<T>(),
                        .first = update.first.ptr<T>(),
                        .second = update.second.ptr<T>(),
                        .step = update.step.ptr<double>(),
                        .weight_decay = update.weight_decay,
                        .rounded = update.value.rounded_to_write()});
  }
  return segments;
}

void set_rounded(std::span<const ParameterUpdate> updates) {
  for (const ParameterUpdate& update : updates) update.value.set_rounded();
}

template <class T>
std::vector<kernels::GradientSegment<T>> segments_of(std::span<const Tensor> gradients) {
  std::vector<kernels::GradientSegment<T>> segments;
  segments.reserve(gradients.size());
  for (const Tensor& gradient : gradients) segments.push_back({gradient.size(), gradient.ptr<T>()});
  return segments;
}

}  // namespace

void sgd_step(std::span<const ParameterUpdate> updates, const SgdSettings& settings, const Tensor& learning_rate) {
  if (updates.empty()) return;
  check_rate("sgd", learning_rate);
  const kernels::SgdSettings kernel_settings{static_cast<kernels::Momentum>(settings.kind), settings.momentum};
  for (const ParameterUpdate& update : updates)
    require(settings.kind == Momentum::none || update.first.defined(), "sgd", "momentum needs a velocity");
  with_master_type(updates[0].value.dtype(), "sgd", [&](auto tag) {
    using T = decltype(tag);
    const auto segments = segments_of<T>("sgd", updates);
    SLUICE_KERNEL(T, exec_of(updates[0].value), sgd_step, segments, kernel_settings, learning_rate.ptr<const double>());
  });
  set_rounded(updates);
}

void adam_step(std::span<const ParameterUpdate> updates, const AdamSettings& settings, const Tensor& learning_rate) {
  if (updates.empty()) return;
  check_rate("adam", learning_rate);
  const kernels::AdamSettings kernel_settings{settings.beta1, settings.beta2, settings.epsilon,
                                              static_cast<kernels::Decay>(settings.decay)};
  for (const ParameterUpdate& update : updates)
    require(update.first.defined() && update.second.defined() && update.step.defined(), "adam",
            "needs both moments and a step");
  with_master_type(updates[0].value.dtype(), "adam", [&](auto tag) {
    using T = decltype(tag);
    const auto segments = segments_of<T>("adam", updates);
    SLUICE_KERNEL(T, exec_of(updates[0].value), adam_step, segments, kernel_settings,
                  learning_rate.ptr<const double>());
  });
  set_rounded(updates);
}

void average_step(std::span<const AverageUpdate> updates, double decay) {
  if (updates.empty()) return;
  with_master_type(updates[0].value.dtype(), "average", [&](auto tag) {
    using T = decltype(tag);
    std::vector<kernels::AverageSegment<T>> segments;
    for (const AverageUpdate& update : updates) {
      check("average", "average", update.average, update.value);
      segments.push_back({update.value.size(), update.value.ptr<const T>(), update.average.ptr<T>()});
    }
    SLUICE_KERNEL(T, exec_of(updates[0].value), average_step, segments, decay);
  });
}

Tensor gradient_norm(std::span<const Tensor> gradients) {
  if (gradients.empty()) return Tensor::zeros({}, DType::f32);
  const Exec exec = exec_of(gradients[0]);
  Tensor norm = Tensor::empty({}, gradients[0].dtype(), exec.device);
  with_master_type(norm.dtype(), "gradient_norm", [&](auto tag) {
    using T = decltype(tag);
    const auto segments = segments_of<T>(gradients);
    const Scratch scratch(exec.device, SLUICE_KERNEL(T, exec, gradient_norm_scratch_bytes, segments));
    SLUICE_KERNEL(T, exec, gradient_norm, segments, scratch.data(), norm.ptr<T>());
  });
  return norm;
}

Tensor clip_factor(const Tensor& norm, double largest) {
  Tensor factor = Tensor::empty({}, norm.dtype(), norm.device());
  with_master_type(norm.dtype(), "clip_factor", [&](auto tag) {
    using T = decltype(tag);
    SLUICE_KERNEL(T, exec_of(norm), clip_factor, norm.ptr<T>(), largest, factor.ptr<T>());
  });
  return factor;
}

Tensor ascent_rate(const Tensor& norm, double radius) {
  Tensor rate = Tensor::empty({}, DType::f64, norm.device());
  with_master_type(norm.dtype(), "ascent_rate", [&](auto tag) {
    using T = decltype(tag);
    SLUICE_KERNEL(T, exec_of(norm), ascent_rate, norm.ptr<T>(), radius, rate.ptr<double>());
  });
  return rate;
}

void scale_in_place(std::span<const Tensor> gradients, const Tensor& factor) {
  if (gradients.empty()) return;
  require(factor.size() == 1, "scale_gradients", "expects a scalar factor, got ", factor.shape());
  with_master_type(gradients[0].dtype(), "scale_gradients", [&](auto tag) {
    using T = decltype(tag);
    const auto segments = segments_of<T>(gradients);
    SLUICE_KERNEL(T, exec_of(gradients[0]), scale_gradients, segments, factor.ptr<T>());
  });
}

}  // namespace sluice::ops
