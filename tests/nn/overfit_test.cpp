// SPDX-License-Identifier: Apache-2.0
// A network that can learn learns 32 images of noise by heart.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include <sluice/core/ops/flood.h>
#include <sluice/core/ops/loss.h>
#include <sluice/nn/models.h>
#include <sluice/nn/resnet.h>
#include <sluice/optim/adam.h>
#include <sluice/optim/sgd.h>
#include "tests/support/op_case.h"

namespace sluice::test {
namespace {

class Overfit : public testing::Test {
 protected:
  void make_batch(const Shape& shape, DType dtype) {
    images = random_tensor(shape, dtype, 3, -2, 2);
    std::vector<std::int32_t> values;
    for (int i = 0; i < 32; ++i) values.push_back((i * 13 + 5) % 10);
    labels = Tensor::from<std::int32_t>(values, {32});
  }

  // The mean loss before the step, unflooded.
  double step(nn::Module& model, optim::Optimizer& optimizer, double flood_level = 0) const {
    Tape tape;
    const Variable loss = ops::softmax_cross_entropy(model(tape.input(images)), labels);
    tape.backward(ops::flood(loss, flood_level));
    optimizer.step();
    optimizer.clear_gradients();
    return loss.value().item();
  }

  Tensor images, labels;
};

nn::ResNetOptions small_resnet() {
  return {.widths = {8, 16}, .blocks = {1, 1}, .shortcut = nn::Shortcut::subsample_and_pad};
}

TEST_F(Overfit, AResNetWithSgd) {
  make_batch({32, 16, 16, 3}, DType::f32);
  nn::Initialiser initialiser(1);
  nn::ResNet model(small_resnet(), initialiser);
  optim::Sgd sgd(model.parameters(), {.learning_rate = 0.1, .momentum = 0.9});
  double loss = 0;
  for (int i = 0; i < 200; ++i) loss = step(model, sgd);
  EXPECT_LT(loss, 0.01);
}

TEST_F(Overfit, AResNetInBf16) {
  make_batch({32, 8, 8, 3}, DType::bf16);
  nn::Initialiser initialiser(1);
  nn::ResNet model(small_resnet(), initialiser);
  optim::Sgd sgd(model.parameters(), {.learning_rate = 0.1, .momentum = 0.9});
  double loss = 0;
  for (int i = 0; i < 100; ++i) loss = step(model, sgd);
  EXPECT_LT(loss, 0.01);
}

TEST_F(Overfit, AnMlpWithAdam) {
  make_batch({32, 1, 1, 20}, DType::f32);
  const auto model = nn::make_model({.name = "mlp_paper", .image = {1, 1, 20}, .classes = 10, .seed = 1});
  optim::Adam adam(model->parameters(), {.learning_rate = 1e-3});
  double loss = 0;
  for (int i = 0; i < 100; ++i) loss = step(*model, adam);
  EXPECT_LT(loss, 0.01);
}

TEST_F(Overfit, FloodingHoldsTheLossAtItsLevel) {
  make_batch({32, 16, 16, 3}, DType::f32);
  nn::Initialiser initialiser(1);
  nn::ResNet model(small_resnet(), initialiser);
  optim::Sgd sgd(model.parameters(), {.learning_rate = 0.05, .momentum = 0.9});
  double late = 0;
  for (int i = 0; i < 200; ++i) {
    const double loss = step(model, sgd, 0.3);
    if (i >= 100) late += loss / 100;
  }
  EXPECT_NEAR(late, 0.3, 0.1);
}

}  // namespace
}  // namespace sluice::test
