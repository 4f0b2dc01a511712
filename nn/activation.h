// SPDX-License-Identifier: Apache-2.0
// Modules without parameters, for nn::Sequential; core/ops has their definitions.
#pragma once

#include <sluice/nn/module.h>

namespace sluice::nn {

class Relu : public Module {
 public:
  Variable forward(const Variable& x) override;
};

class Gelu : public Module {
 public:
  Variable forward(const Variable& x) override;
};

class Silu : public Module {
 public:
  Variable forward(const Variable& x) override;
};

// [N,...] -> [N,D].
class Flatten : public Module {
 public:
  Variable forward(const Variable& x) override;
};

}  // namespace sluice::nn
