// SPDX-License-Identifier: Apache-2.0
// What may happen to gradients between the backward pass and the step. Nothing here waits for the device. Parameters
// without a gradient are passed over.
#pragma once

#include <vector>

#include <sluice/core/parameter.h>

namespace sluice::optim {

// The Euclidean norm of all gradients together, a scalar on the device; 0 where there is none.
Tensor gradient_norm(const std::vector<NamedParameter>& parameters);

// Multiplies all gradients by max_norm / (norm + 1e-6) where that is below 1, as torch.nn.utils.clip_grad_norm_ does
// (Pascanu, Mikolov and Bengio, 2013, algorithm 1). Returns the norm before. A norm that is NaN makes all gradients
// NaN. Throws std::invalid_argument unless max_norm is finite and above 0.
Tensor clip_gradient_norm(const std::vector<NamedParameter>& parameters, double max_norm);

// Multiplies all gradients by a scalar that is on the device: the sign that flooding decides on, say.
void scale_gradients(const std::vector<NamedParameter>& parameters, const Tensor& factor);

}  // namespace sluice::optim
