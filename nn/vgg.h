// SPDX-License-Identifier: Apache-2.0
// A VGG network for small images (Simonyan and Zisserman, ICLR 2015, table 1) with batch norm and, after the last
// pooling, one linear layer. Names are those of torchvision's vgg11_bn ("features.0.weight") with a single
// "classifier".
#pragma once

#include <sluice/nn/dropout.h>
#include <sluice/nn/linear.h>
#include <sluice/nn/residual_block.h>

namespace sluice::nn {

struct VggOptions {
  std::int64_t input_channels = 3;
  std::int64_t classes = 10;
  // Channels of the convolutions of each stage; a stage ends by halving the image.
  std::vector<std::vector<std::int64_t>> stages{{64}, {128}, {256, 256}, {512, 512}, {512, 512}};  // 11 layers
  double dropout = 0;  // before the classifier
};

// x [N,H,W,C] -> logits [N,classes]; the image must be at least 2^stages in height and width.
class Vgg : public Module {
 public:
  // Throws std::invalid_argument for a network without a convolution.
  Vgg(const VggOptions& options, Initialiser& initialiser);
  Variable forward(const Variable& x) override;

 private:
  enum class After : unsigned char { nothing, max_pool };
  struct Layer {
    std::unique_ptr<Conv2d> convolution;
    std::unique_ptr<BatchNorm> norm;
    After after = After::nothing;
  };
  std::vector<Layer> layers_;
  Dropout dropout_;
  std::unique_ptr<Linear> classifier_;
};

}  // namespace sluice::nn
