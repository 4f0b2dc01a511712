// SPDX-License-Identifier: Apache-2.0
#include <sluice/nn/resnet.h>

#include <sluice/core/ops/pool.h>

namespace sluice::nn {
namespace {

const ResNetOptions& checked(const ResNetOptions& options) {
  require(!options.widths.empty() && options.widths.size() == options.blocks.size(), "nn::ResNet",
          "expects as many widths as numbers of blocks, got ", options.widths.size(), " and ", options.blocks.size());
  return options;
}

}  // namespace

ResNet::ResNet(const ResNetOptions& options, Initialiser& initialiser)
    : conv1_(same_conv(options.input_channels, checked(options).widths[0], 3, 1, options.convolution), initialiser),
      bn1_(options.widths[0], initialiser) {
  register_module("conv1", conv1_);
  register_module("bn1", bn1_);
  const bool imagenet = options.names == ResNetNames::imagenet;
  std::int64_t channels = options.widths[0];
  for (std::size_t stage = 0; stage < options.widths.size(); ++stage) {
    stages_.push_back(std::make_unique<Sequential>());
    for (std::int64_t block = 0; block < options.blocks[stage]; ++block) {
      stages_.back()->emplace<ResidualBlock>(ResidualBlockOptions{.inputs = channels,
                                                                  .outputs = options.widths[stage],
                                                                  .stride = stage > 0 && block == 0 ? 2 : 1,
                                                                  .shortcut = options.shortcut,
                                                                  .shortcut_name = imagenet ? "downsample" : "shortcut",
                                                                  .weight = options.convolution},
                                             initialiser);
      channels = options.widths[stage];
    }
    register_module("layer" + std::to_string(stage + 1), *stages_.back());
  }
  classifier_ = std::make_unique<Linear>(
      LinearOptions{.inputs = channels, .outputs = options.classes, .weight = options.classifier}, initialiser);
  register_module(imagenet ? "fc" : "linear", *classifier_);
}

Variable ResNet::forward(const Variable& x) {
  Variable y = normalised_relu(bn1_, conv1_.with_moments(x));
  for (const std::unique_ptr<Sequential>& stage : stages_) y = stage->forward(y);
  return classifier_->forward(ops::global_average_pool(y));
}

ResNetOptions resnet_imagenet_style(int depth) {
  require(depth == 18 || depth == 34, "nn::ResNet", "expects a depth of 18 or 34, got ", depth);
  return {.widths = {64, 128, 256, 512},
          .blocks = depth == 18 ? std::vector<std::int64_t>{2, 2, 2, 2} : std::vector<std::int64_t>{3, 4, 6, 3}};
}

ResNetOptions resnet_cifar_style(int depth, Shortcut shortcut) {
  require(depth >= 8 && depth % 6 == 2, "nn::ResNet", "expects a depth of 6n + 2, got ", depth);
  const std::int64_t blocks = (depth - 2) / 6;
  return {.widths = {16, 32, 64},
          .blocks = {blocks, blocks, blocks},
          .shortcut = shortcut,
          .names = ResNetNames::cifar,
          .convolution = WeightInit::kaiming_normal,
          .classifier = WeightInit::kaiming_normal};
}

}  // namespace sluice::nn
