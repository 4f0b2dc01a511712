// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/update.h>

#include <sluice/kernels/optimizer.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::ops {
namespace {

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
  for (ParameterUpdate update : updates) {  // a copy: it shares the elements, which are written
    require_one_device(op, {&update.value, &update.gradient, &update.first, &update.second, &update.step});
    check(op, "gradient", update.gradient, update.value);
    if (update.first.defined()) check(op, "first state", update.first, update.value);
    if (update.second.defined()) check(op, "second state", update.second, update.value);
    segments.push_back({.count = update.value.size(),
                        .value = update.value.mutable_data<T>(),
                        .gradient = update.gradient.data<T>(),
                        .first = update.first.mutable_data<T>(),
                        .second = update.second.mutable_data<T>(),
                        .step = update.step.mutable_data<double>(),
                        .weight_decay = update.weight_decay,
                        .rounded = update.value.rounded_to_write()});
  }
  return segments;
}

void set_rounded(std::span<const ParameterUpdate> updates) {
  for (ParameterUpdate update : updates) update.value.set_rounded();
}

template <class T>
std::vector<kernels::GradientSegment<T>> segments_of(std::span<const Tensor> gradients) {
  std::vector<kernels::GradientSegment<T>> segments;
  segments.reserve(gradients.size());
  for (Tensor gradient : gradients) segments.push_back({gradient.size(), gradient.mutable_data<T>()});
  return segments;
}

}  // namespace

void sgd_step(std::span<const ParameterUpdate> updates, const SgdSettings& settings, const Tensor& learning_rate) {
  if (updates.empty()) return;
  check_rate("sgd", learning_rate);
  const kernels::SgdSettings kernel_settings{static_cast<kernels::Momentum>(settings.kind), settings.momentum};
  for (const ParameterUpdate& update : updates)
    require(settings.kind == Momentum::none || update.first.defined(), "sgd", "momentum needs a velocity");
  dispatch_master(exec_of(updates[0].value), updates[0].value.dtype(), "sgd", [&]<class Device, class T>() {
    const auto segments = segments_of<T>("sgd", updates);
    kernels::Optimizer<Device>::template sgd<T>(exec_of(updates[0].value), segments, kernel_settings,
                                                learning_rate.data<double>());
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
  dispatch_master(exec_of(updates[0].value), updates[0].value.dtype(), "adam", [&]<class Device, class T>() {
    const auto segments = segments_of<T>("adam", updates);
    kernels::Optimizer<Device>::template adam<T>(exec_of(updates[0].value), segments, kernel_settings,
                                                 learning_rate.data<double>());
  });
  set_rounded(updates);
}

void average_step(std::span<const AverageUpdate> updates, double decay) {
  if (updates.empty()) return;
  dispatch_master(exec_of(updates[0].value), updates[0].value.dtype(), "average", [&]<class Device, class T>() {
    std::vector<kernels::AverageSegment<T>> segments;
    for (AverageUpdate update : updates) {
      check("average", "average", update.average, update.value);
      segments.push_back({update.value.size(), update.value.data<T>(), update.average.mutable_data<T>()});
    }
    kernels::Optimizer<Device>::template average<T>(exec_of(updates[0].value), segments, decay);
  });
}

Tensor gradient_norm(std::span<const Tensor> gradients) {
  if (gradients.empty()) return Tensor::zeros({}, DType::f32);
  const Exec exec = exec_of(gradients[0]);
  Tensor norm = Tensor::empty({}, gradients[0].dtype(), exec.device);
  dispatch_master(exec, norm.dtype(), "gradient_norm", [&]<class Device, class T>() {
    const auto segments = segments_of<T>(gradients);
    const Scratch scratch(exec.device, kernels::GradientNorm<Device>::template scratch_bytes<T>(exec, segments));
    kernels::GradientNorm<Device>::template norm<T>(exec, segments, scratch.data(), norm.mutable_data<T>());
  });
  return norm;
}

Tensor clip_factor(const Tensor& norm, double largest) {
  Tensor factor = Tensor::empty({}, norm.dtype(), norm.device());
  dispatch_master(exec_of(norm), norm.dtype(), "clip_factor", [&]<class Device, class T>() {
    kernels::GradientNorm<Device>::clip_factor(exec_of(norm), norm.data<T>(), largest, factor.mutable_data<T>());
  });
  return factor;
}

Tensor ascent_rate(const Tensor& norm, double radius) {
  Tensor rate = Tensor::empty({}, DType::f64, norm.device());
  dispatch_master(exec_of(norm), norm.dtype(), "ascent_rate", [&]<class Device, class T>() {
    kernels::GradientNorm<Device>::ascent_rate(exec_of(norm), norm.data<T>(), radius, rate.mutable_data<double>());
  });
  return rate;
}

void scale_in_place(std::span<const Tensor> gradients, const Tensor& factor) {
  if (gradients.empty()) return;
  require(factor.size() == 1, "scale_gradients", "expects a scalar factor, got ", factor.shape());
  dispatch_master(exec_of(gradients[0]), gradients[0].dtype(), "scale_gradients", [&]<class Device, class T>() {
    const auto segments = segments_of<T>(gradients);
    kernels::GradientNorm<Device>::template scale<T>(exec_of(gradients[0]), segments, factor.data<T>());
  });
}

}  // namespace sluice::ops
