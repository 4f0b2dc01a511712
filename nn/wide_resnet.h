// SPDX-License-Identifier: Apache-2.0
// Wide residual networks (Zagoruyko and Komodakis, BMVC 2016), with normalisation and activation before each
// convolution (He et al., "Identity mappings in deep residual networks", 2016). Biases, the place of the stride and
// names (conv1, layer1.0.bn1, layer1.0.conv1, layer1.0.shortcut.0, bn1, linear) are those of the usual PyTorch
// definition.
#pragma once

#include <sluice/nn/dropout.h>
#include <sluice/nn/linear.h>
#include <sluice/nn/residual_block.h>
#include <sluice/nn/sequential.h>

namespace sluice::nn {

struct WideResNetOptions {
  std::int64_t input_channels = 3;
  std::int64_t classes = 10;
  int depth = 28;           // 6n + 4
  std::int64_t width = 10;  // factor on 16, 32, 64 channels
  double dropout = 0;       // between the two convolutions of a block
};

// x [N,H,W,inputs] -> [N,ceil(H/stride),ceil(W/stride),outputs]: conv2(relu(bn2(dropout(conv1(relu(bn1(x))))))) + x,
// where conv2 has the stride and x goes through a 1x1 convolution if sizes change.
class WideBlock : public Module {
 public:
  WideBlock(std::int64_t inputs, std::int64_t outputs, std::int64_t stride, double dropout, Initialiser& initialiser);
  Variable forward(const Variable& x) override;

 private:
  BatchNorm bn1_;
  Conv2d conv1_;
  Dropout dropout_;
  BatchNorm bn2_;
  Conv2d conv2_;
  Sequential shortcut_;
};

// x [N,H,W,C] -> logits [N,classes].
class WideResNet : public Module {
 public:
  // Throws std::invalid_argument for a depth that is not 6n + 4 or a width below 1.
  WideResNet(const WideResNetOptions& options, Initialiser& initialiser);
  Variable forward(const Variable& x) override;

 private:
  Conv2d conv1_;
  Sequential layers_[3];
  BatchNorm bn1_;
  Linear linear_;
};

}  // namespace sluice::nn
