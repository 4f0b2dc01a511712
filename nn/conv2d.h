// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <sluice/core/ops/conv2d.h>
#include <sluice/nn/initialiser.h>
#include <sluice/nn/module.h>

namespace sluice::nn {

struct Conv2dOptions {
  std::int64_t inputs = 0;   // channels of x
  std::int64_t outputs = 0;  // channels of y
  ops::Extent2 kernel{3, 3};
  ops::Conv2dOptions geometry{};  // stride, padding, dilation, groups
  WeightInit weight = WeightInit::kaiming_uniform;
  BiasInit bias = BiasInit::uniform;
};

// What a batch norm normalises: x, and the moments of it that its maker left, if it did.
struct WithMoments {
  WithMoments(const Variable& x_) : x(x_) {}

  Variable x;
  ops::BatchMoments moments;
};

// x [N,H,W,inputs] -> [N,P,Q,outputs]. Parameters: weight [K,R,S,C/groups] and bias [K], in the order of PyTorch.
class Conv2d : public Module {
 public:
  // Throws std::invalid_argument for channels that are not positive or not a multiple of the groups.
  Conv2d(const Conv2dOptions& options, Initialiser& initialiser);
  Variable forward(const Variable& x) override;
  // The same, with what a batch norm can use of it in training.
  WithMoments with_moments(const Variable& x);

 private:
  ops::Conv2dOptions geometry_;
  Variable weight_, bias_;
};

}  // namespace sluice::nn
