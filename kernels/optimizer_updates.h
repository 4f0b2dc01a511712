// SPDX-License-Identifier: Apache-2.0
// The updates of kernels/optimizer.h for one element, once for all devices and types.
#pragma once

#include <sluice/base/math.h>
#include <sluice/kernels/optimizer.h>

namespace sluice::kernels {

// `velocity` is left as it is without momentum.
template <Momentum kind, class T>
SLUICE_HOST_DEVICE inline void sgd_update(T& value, T gradient, T& velocity, T momentum, T decay, T rate) {
  const T g = gradient + decay * value;
  T direction = g;
  if constexpr (kind != Momentum::none) {
    const T next = momentum * velocity + g;
    velocity = next;
    direction = kind == Momentum::nesterov ? g + momentum * next : next;
  }
  value -= rate * direction;
}

// What is the same for all elements of a segment.
template <class T>
struct AdamFactors {
  T beta1, rest1, beta2, rest2;  // rest = 1 - beta
  T rate;                        // learning rate over the first moment's bias correction
  T root;                        // square root of the second moment's bias correction
  T epsilon;
  T coupled;  // added to the gradient, times the value
  T keep;     // the share of the value that decoupled decay leaves
};

// For step number `step`, from 1.
template <class T>
SLUICE_HOST_DEVICE inline AdamFactors<T> adam_factors(const AdamSettings& settings, double step, double weight_decay,
                                                      double rate) {
  const bool coupled = settings.decay == Decay::coupled;
  AdamFactors<T> f;
  f.beta1 = static_cast<T>(settings.beta1);
  f.rest1 = static_cast<T>(1 - settings.beta1);
  f.beta2 = static_cast<T>(settings.beta2);
  f.rest2 = static_cast<T>(1 - settings.beta2);
  f.rate = static_cast<T>(rate / (1 - math::pow(settings.beta1, step)));
  f.root = static_cast<T>(math::sqrt(1 - math::pow(settings.beta2, step)));
  f.epsilon = static_cast<T>(settings.epsilon);
  f.coupled = static_cast<T>(coupled ? weight_decay : 0);
  f.keep = static_cast<T>(coupled ? 1 : 1 - rate * weight_decay);
  return f;
}

template <class T>
SLUICE_HOST_DEVICE inline void adam_update(T& value, T gradient, T& first, T& second, const AdamFactors<T>& f) {
  const T g = gradient + f.coupled * value;
  const T mean = f.beta1 * first + f.rest1 * g;
  const T square = f.beta2 * second + f.rest2 * g * g;
  first = mean;
  second = square;
  value = f.keep * value - f.rate * mean / (math::sqrt(square) / f.root + f.epsilon);
}

// rest = 1 - decay.
template <class T>
SLUICE_HOST_DEVICE inline void average_update(T& average, T value, T rest) {
  average += rest * (value - average);
}

template <class T>
SLUICE_HOST_DEVICE inline T clip_factor_of(T norm, double largest) {
  const double wanted = largest / (static_cast<double>(norm) + 1e-6);
  return static_cast<T>(wanted > 1 ? 1 : wanted);
}

template <class T>
SLUICE_HOST_DEVICE inline double ascent_rate_of(T norm, double radius) {
  const auto length = static_cast<double>(norm);
  return length == 0 ? 0 : -radius / length;
}

}  // namespace sluice::kernels
