// SPDX-License-Identifier: Apache-2.0
// The basic block of residual networks (He et al., "Deep residual learning for image recognition", 2016, figure 2,
// left) and the one place that chooses fused operations for normalisation with an activation.
#pragma once

#include <memory>
#include <string>

#include <sluice/nn/batch_norm.h>
#include <sluice/nn/conv2d.h>

namespace sluice::nn {

// norm(x), relu(norm(x)) and relu(norm(x) + residual), of a Variable or of what Conv2d::with_moments makes.
Variable normalised(BatchNorm& norm, const WithMoments& x);
Variable normalised_relu(BatchNorm& norm, const WithMoments& x);
Variable normalised_sum_relu(BatchNorm& norm, const WithMoments& x, const Variable& residual);

// Where a block changes the size of the image or the number of channels (He et al., section 3.3):
enum class Shortcut : unsigned char {
  subsample_and_pad,  // option A: every stride-th pixel, zeros for the new channels, half on each side
  projection,         // option B: a 1x1 convolution with stride, then a batch norm
};

struct ResidualBlockOptions {
  std::int64_t inputs = 0;
  std::int64_t outputs = 0;
  std::int64_t stride = 1;
  Shortcut shortcut = Shortcut::projection;
  std::string shortcut_name = "downsample";  // under which a projection's parameters stand
  WeightInit weight = WeightInit::kaiming_normal_fan_out;
};

// A convolution and its norm, named as in a Sequential: "0.weight", "1.bias".
class Projection : public Module {
 public:
  Projection(const Conv2dOptions& options, Initialiser& initialiser);
  Variable forward(const Variable& x) override;

 private:
  Conv2d convolution_;
  BatchNorm norm_;
};

// x [N,H,W,inputs] -> [N,ceil(H/stride),ceil(W/stride),outputs]: conv1 3x3 with stride, bn1, relu, conv2 3x3, bn2, plus
// the shortcut, relu.
class ResidualBlock : public Module {
 public:
  ResidualBlock(const ResidualBlockOptions& options, Initialiser& initialiser);
  Variable forward(const Variable& x) override;

 private:
  Variable shortcut(const Variable& x);

  std::int64_t stride_, added_channels_;
  Conv2d conv1_;
  BatchNorm bn1_;
  Conv2d conv2_;
  BatchNorm bn2_;
  std::unique_ptr<Projection> projection_;  // none for option A and where the block changes nothing
};

// A convolution without bias whose padding keeps the image's size at stride 1.
Conv2dOptions same_conv(std::int64_t inputs, std::int64_t outputs, std::int64_t kernel, std::int64_t stride,
                        WeightInit weight);

}  // namespace sluice::nn
