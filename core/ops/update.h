// SPDX-License-Identifier: Apache-2.0
// What optimisers do to parameters and gradients: in place, never recorded, one kernel call over a whole list.
// kernels/optimizer.h has the formulas. All tensors of a list have one type, f32 or f64; throws std::invalid_argument
// otherwise. An empty list does nothing.
#pragma once

#include <span>
#include <vector>

#include <sluice/core/tensor.h>

namespace sluice::ops {

// One parameter's share of a step; all tensors of one shape.
struct ParameterUpdate {
  Tensor value;
  Tensor gradient;
  Tensor first;   // sgd with momentum: velocity; adam: first moment
  Tensor second;  // adam: second moment
  Tensor step;    // adam: f64 scalar, the steps that this parameter has taken
  double weight_decay = 0;
};

enum class Momentum : unsigned char { none, heavy_ball, nesterov };
struct SgdSettings {
  Momentum kind = Momentum::none;
  double momentum = 0;
};
// `learning_rate` is an f64 scalar on the device of the parameters, as it is for adam_step.
void sgd_step(std::span<const ParameterUpdate> updates, const SgdSettings& settings, const Tensor& learning_rate);

enum class Decay : unsigned char { coupled, decoupled };
struct AdamSettings {
  double beta1 = 0.9;
  double beta2 = 0.999;
  double epsilon = 1e-8;
  Decay decay = Decay::coupled;
};
void adam_step(std::span<const ParameterUpdate> updates, const AdamSettings& settings, const Tensor& learning_rate);

struct AverageUpdate {
  Tensor value;
  Tensor average;
};
// average = decay * average + (1 - decay) * value.
void average_step(std::span<const AverageUpdate> updates, double decay);

// The Euclidean norm of all gradients together: a scalar of their type, on their device.
Tensor gradient_norm(std::span<const Tensor> gradients);
// min(1, largest / (norm + 1e-6)), of the norm's type.
Tensor clip_factor(const Tensor& norm, double largest);
// -radius / norm, 0 where the norm is 0: an f64 scalar on the norm's device. As the learning rate of sgd_step it moves
// values up their gradients by `radius`.
Tensor ascent_rate(const Tensor& norm, double radius);
// Multiplies each gradient by the scalar `factor` of the same type.
void scale_in_place(std::span<const Tensor> gradients, const Tensor& factor);

}  // namespace sluice::ops
