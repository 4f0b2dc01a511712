// SPDX-License-Identifier: Apache-2.0
// A program with folders `core` and `data` of its own on its include path, before Sluice's.
#include "core/tensor.h"

#include <sluice/sluice.h>

#include <cstdio>

#include "data/loader.h"

int main() {
  const auto model =
      sluice::nn::make_model({.name = "resnet20", .image = {8, 8, 3}, .classes = own::kClasses, .seed = 1});
  sluice::Tape tape;
  const sluice::Tensor images = sluice::Tensor::zeros({own::kImages, 8, 8, 3}, sluice::DType::f32);
  std::printf("%d classes\n", static_cast<int>((*model)(tape.input(images)).value().shape()[1]));
}
