// SPDX-License-Identifier: Apache-2.0
// Networks by name. The usual PyTorch definitions name their parameters the same way; each network's header says which.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include <sluice/nn/module.h>

namespace sluice::nn {

struct ModelOptions {
  std::string name;  // one of model_names()
  Shape image;       // [H,W,C] of a sample
  std::int64_t classes = 10;
  std::uint64_t seed = 0;
  double dropout = 0;        // wide_resnet28_10, vgg11 and the MLPs only
  DType dtype = DType::f32;  // of the parameters; f64 for checks. Activations have the type of the input
  Device device{};
};

// In train mode. Throws std::invalid_argument for an unknown name (and says the nearest one), an image that is not
// [H,W,C] or too small for the network, fewer than one class, or dropout where the network has none.
std::unique_ptr<Module> make_model(const ModelOptions& options);

// resnet18 and resnet34 with a 3x3 stem; resnet20, 32, 44, 56 and 110 with option A's shortcuts, with "-b" appended
// option B's; wide_resnet28_10; vgg11 with batch norm; mlp: four hidden layers of 1000 with batch norm; mlp_paper: of
// 500 with batch norm, as in the flooding paper's synthetic experiments (Ishida et al., 2020); mlp_mnist and
// mlp_mnist-bn: two of 1000 without and with batch norm, as in its experiments on MNIST.
std::vector<std::string> model_names();

// How many images a training batch of that network needs: 2 where batch norm finds one value a channel in an image.
// Throws std::invalid_argument for an unknown name.
std::int64_t smallest_batch(const std::string& name);

}  // namespace sluice::nn
