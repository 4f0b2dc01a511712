// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/nn/initialiser.h>
#include <sluice/nn/module.h>

namespace sluice::nn {

struct LinearOptions {
  std::int64_t inputs = 0;
  std::int64_t outputs = 0;
  WeightInit weight = WeightInit::kaiming_uniform;
  BiasInit bias = BiasInit::uniform;
  // [H,W,C] where the inputs are a flattened image, so that files hold the columns in PyTorch's order. Else rank 0.
  Shape image{};
};

// x [N,inputs] -> [N,outputs]. Parameters: weight [outputs,inputs] and bias [outputs].
class Linear : public Module {
 public:
  // Throws std::invalid_argument for sizes that are not positive, or an image of another size than the inputs.
  Linear(const LinearOptions& options, Initialiser& initialiser);
  Variable forward(const Variable& x) override;

 private:
  Variable weight_, bias_;
};

}  // namespace sluice::nn
