// SPDX-License-Identifier: Apache-2.0
// Checks the kernels of rms_norm.cu against the same formula in Sluice's own operations, on the CPU in double, and
// trains a block of a transformer with them, flooded. Exit status 0: both are right; 77: there is no CUDA device.
#include <sluice/sluice.h>

#include <sluice/kernels/runtime/device.h>

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "rms_norm.h"
#include "swiglu.h"

using namespace sluice;

namespace {

const Device kCuda{DeviceKind::cuda};
constexpr double kLevel = 0.5;

Variable composed_rms_norm(const Variable& x, const Variable& weight) {
  return x * ops::rsqrt(ops::mean(ops::square(x), {1}, ops::KeepAxes::yes) + 1e-6) * weight;
}

// The largest deviation of a from b, both on any device.
double deviation(const Tensor& a, const Tensor& b) {
  const std::vector<double> x = a.cast(DType::f64).to_vector<double>(), y = b.cast(DType::f64).to_vector<double>();
  double largest = 0;
  for (std::size_t i = 0; i < x.size(); ++i) largest = std::max(largest, std::abs(x[i] - y[i]));
  return largest;
}

// Of y and the gradients of x and weight, for rows that a block's threads divide evenly and not.
double deviation_from_composition(std::int64_t columns) {
  const Tensor x = random_normal({9, columns}, {.seed = 1}), weight = random_normal({columns}, {.seed = 2});
  const Tensor dy = random_normal({9, columns}, {.seed = 3});
  Tape tape;
  const Variable own_x = tape.watched(x.to(kCuda)), own_weight = tape.watched(weight.to(kCuda));
  const Variable own = rms_norm(own_x, own_weight);
  tape.backward(own, dy.to(kCuda));
  Tape reference;
  const Variable right_x = reference.watched(x.cast(DType::f64)),
                 right_weight = reference.watched(weight.cast(DType::f64));
  const Variable right = composed_rms_norm(right_x, right_weight);
  reference.backward(right, dy.cast(DType::f64));
  return std::max({deviation(own.value(), right.value()), deviation(own_x.gradient(), right_x.gradient()),
                   deviation(own_weight.gradient(), right_weight.gradient())});
}

Variable weight(const Shape& shape, std::uint64_t seed) {
  const Tensor numbers = random_normal(shape, {.seed = seed}, DType::f32, kCuda);
  return parameter(ops::multiply(numbers, 1 / std::sqrt(static_cast<double>(shape[1]))).value());
}

// The feed-forward part of a transformer's layer.
struct Block {
  Variable norm = parameter(Tensor::full({16}, 1, DType::f32, kCuda));
  Variable gate = weight({24, 16}, 5), up = weight({24, 16}, 6), down = weight({16, 24}, 7);

  std::vector<NamedParameter> parameters() const {
    return {{"norm", norm, ParameterKind::normalisation}, {"gate", gate}, {"up", up}, {"down", down}};
  }
  Variable operator()(const Variable& x) const {
    const Variable normed = rms_norm(x, norm);
    return x + ops::linear(swiglu(ops::linear(normed, gate, {}), ops::linear(normed, up, {})), down, {});
  }
};

// The mean squared error before and after a few steps towards random targets, flooded.
std::pair<double, double> train(double level) {
  const Block block;
  optim::Adam adam(block.parameters(), {.learning_rate = 0.01});
  const Tensor x = random_normal({32, 16}, {.seed = 8}, DType::f32, kCuda);
  const Tensor target = random_normal({32, 16}, {.seed = 9}, DType::f32, kCuda);
  double first = 0, last = 0;
  for (int step = 0; step < 200; ++step) {
    Tape tape;
    const Variable loss = ops::mean_squared_error(block(tape.input(x)), target);
    last = loss.value().item();
    if (step == 0) first = last;
    tape.backward(ops::flood(loss, level));
    adam.step();
    adam.clear_gradients();
  }
  return {first, last};
}

}  // namespace

int main() try {
  if (const std::string why = kernels::why_unusable(kCuda); !why.empty()) {
    std::printf("no CUDA device: %s\n", why.c_str());
    return 77;
  }
  double worst = 0;
  for (const std::int64_t columns : {1, 5, 128, 131}) worst = std::max(worst, deviation_from_composition(columns));
  std::printf("rms_norm on %s: largest deviation from double %.1e\n", kernels::describe(kCuda).name.c_str(), worst);
  const auto [first, last] = train(kLevel);
  std::printf("loss %.3f at first, %.3f after 200 steps at the level %.1f\n", first, last, kLevel);
  return worst < 1e-5 && std::abs(last - kLevel) < 0.1 ? 0 : 1;
} catch (const std::exception& error) {
  std::fprintf(stderr, "%s\n", error.what());
  return 1;
}
