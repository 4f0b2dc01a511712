// SPDX-License-Identifier: Apache-2.0
// A multilayer perceptron: the image as one row, then hidden layers of linear, batch norm (or none), relu and dropout,
// then one linear layer. Names count as nn.Sequential(Flatten, Linear, BatchNorm1d, ReLU, Linear, ...) does, dropout
// left out: "1.weight", "2.running_mean", "4.weight".
#pragma once

#include <sluice/nn/dropout.h>
#include <sluice/nn/linear.h>
#include <sluice/nn/residual_block.h>

namespace sluice::nn {

enum class Normalisation : unsigned char { none, batch };

struct MlpOptions {
  Shape image;  // [H,W,C] of a sample
  std::int64_t classes = 10;
  std::vector<std::int64_t> hidden;  // units of each hidden layer
  double dropout = 0;
  Normalisation normalisation = Normalisation::batch;
};

// x [N,H,W,C] -> logits [N,classes].
class Mlp : public Module {
 public:
  Mlp(const MlpOptions& options, Initialiser& initialiser);
  Variable forward(const Variable& x) override;

 private:
  struct Layer {
    std::unique_ptr<Linear> linear;
    std::unique_ptr<BatchNorm> norm;  // absent without normalisation
    std::unique_ptr<Dropout> dropout;
  };
  std::vector<Layer> hidden_;
  std::unique_ptr<Linear> classifier_;
};

}  // namespace sluice::nn
