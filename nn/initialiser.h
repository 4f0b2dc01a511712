// SPDX-License-Identifier: Apache-2.0
// The first values of parameters. The n-th parameter that an initialiser makes is drawn from Philox stream n of its
// seed, so that a model is the same on every device and whatever was drawn before.
#pragma once

#include <cstdint>

#include <sluice/base/philox.h>
#include <sluice/core/tensor.h>

namespace sluice::nn {

// With fan_in = elements of one output's weights, fan_out = fan_in * K / (C/groups):
enum class WeightInit : unsigned char {
  kaiming_uniform,         // uniform within 1/sqrt(fan_in): PyTorch's default for conv2d and linear (a = sqrt 5)
  kaiming_normal,          // normal, variance 2 / fan_in (He et al., 2015, eq. 10)
  kaiming_normal_fan_out,  // normal, variance 2 / fan_out (eq. 14): torchvision's residual networks
  xavier_uniform,          // uniform within sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, 2010, eq. 16)
  xavier_normal,           // normal, variance 2 / (fan_in + fan_out)
  zeros,
};

enum class BiasInit : unsigned char {
  none,     // no bias
  uniform,  // within 1/sqrt(fan_in): PyTorch's default
  zeros,
};

struct Fans {
  std::int64_t in = 0;
  std::int64_t out = 0;
};
// Of a weight [K,C] or [K,R,S,C/groups]: as torch.nn.init counts them.
Fans fans_of(const Shape& weight);

class Initialiser {
 public:
  // `dtype` f32, or f64 for checks.
  explicit Initialiser(std::uint64_t seed, DType dtype = DType::f32, Device device = {});

  // [K,C] or [K,R,S,C/groups].
  Tensor weight(const Shape& shape, WeightInit init);
  // [count]; undefined for BiasInit::none, which takes no stream either.
  Tensor bias(std::int64_t count, std::int64_t fan_in, BiasInit init);
  Tensor constant(const Shape& shape, double value);
  // A seed of its own for each dropout layer; takes no parameter's stream.
  std::uint64_t dropout_seed();

 private:
  template <class Draw>
  Tensor draw(const Shape& shape, const Draw& draw);
  Tensor uniform(const Shape& shape, double bound);
  Tensor normal(const Shape& shape, double variance);

  std::uint64_t seed_;
  DType dtype_;
  Device device_;
  std::uint32_t parameters_ = 0;
  std::uint32_t dropouts_ = 0;
};

}  // namespace sluice::nn
