// SPDX-License-Identifier: Apache-2.0
// Names for what a model holds: the common language of modules, optimisers and checkpoints.
#pragma once

#include <string>
#include <vector>

#include <sluice/core/variable.h>

namespace sluice {

// Biases and the scales of normalisation layers are often spared weight decay.
enum class ParameterKind : unsigned char { weight, bias, normalisation };

// Shares value and gradient with the module that owns it; values change in place only.
struct NamedParameter {
  std::string name;  // as PyTorch would call it: "layer1.0.conv1.weight"
  Variable variable;
  ParameterKind kind = ParameterKind::weight;
  // [H,W,C] where the columns of a weight [K,HWC] run over a flattened image; PyTorch's run over [C,H,W]. Else rank 0.
  Shape image{};
};

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

}  // namespace sluice
