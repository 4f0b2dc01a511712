// SPDX-License-Identifier: Apache-2.0
// Residual networks for small images (He et al., "Deep residual learning for image recognition", 2016, sections 3.3 and
// 4.2): a 3x3 convolution at full resolution, stages of basic blocks of which all but the first halve the image, the
// mean over the image, one linear layer.
#pragma once

#include <sluice/nn/linear.h>
#include <sluice/nn/residual_block.h>
#include <sluice/nn/sequential.h>

namespace sluice::nn {

// Whose names the parameters have beside conv1, bn1 and layer<stage>.<block>:
enum class ResNetNames : unsigned char {
  imagenet,  // torchvision's resnet18: "downsample" and "fc"
  cifar,     // the usual CIFAR definitions: "shortcut" and "linear"
};

struct ResNetOptions {
  std::int64_t input_channels = 3;
  std::int64_t classes = 10;
  std::vector<std::int64_t> widths;  // channels of each stage
  std::vector<std::int64_t> blocks;  // of each stage
  Shortcut shortcut = Shortcut::projection;
  ResNetNames names = ResNetNames::imagenet;
  WeightInit convolution = WeightInit::kaiming_normal_fan_out;
  WeightInit classifier = WeightInit::kaiming_uniform;
};

// x [N,H,W,C] -> logits [N,classes].
class ResNet : public Module {
 public:
  // Throws std::invalid_argument where widths and blocks are not equally many, at least one.
  ResNet(const ResNetOptions& options, Initialiser& initialiser);
  Variable forward(const Variable& x) override;

 private:
  Conv2d conv1_;
  BatchNorm bn1_;
  std::vector<std::unique_ptr<Sequential>> stages_;
  std::unique_ptr<Linear> classifier_;
};

// 18 or 34 layers, widths 64 to 512.
ResNetOptions resnet_imagenet_style(int depth);
// 6n + 2 layers (20, 32, 44, 56, 110), widths 16, 32, 64.
ResNetOptions resnet_cifar_style(int depth, Shortcut shortcut);

}  // namespace sluice::nn
