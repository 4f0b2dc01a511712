// SPDX-License-Identifier: Apache-2.0
#include <sluice/nn/initialiser.h>

#include <cmath>

namespace sluice::nn {

Fans fans_of(const Shape& weight) {
  require(weight.rank() >= 2, "init", "fans expect a weight [K,C] or [K,R,S,C], got ", weight);
  const std::int64_t in = weight.size() / std::max<std::int64_t>(weight[0], 1);
  return {.in = in, .out = weight[0] * (in / std::max<std::int64_t>(weight[-1], 1))};
}

Initialiser::Initialiser(std::uint64_t seed, DType dtype, Device device) : seed_(seed), dtype_(dtype), device_(device) {
  require(dtype == DType::f32 || dtype == DType::f64, "init", "parameters are f32 or f64, asked for ", name_of(dtype));
}

Tensor Initialiser::weight(const Shape& shape, WeightInit init) {
  const Fans fans = fans_of(shape);
  const auto in = static_cast<double>(fans.in);
  const auto out = static_cast<double>(fans.out);
  switch (init) {
    case WeightInit::kaiming_uniform: return uniform(shape, std::sqrt(1 / in));
    case WeightInit::kaiming_normal: return normal(shape, 2 / in);
    case WeightInit::kaiming_normal_fan_out: return normal(shape, 2 / out);
    case WeightInit::xavier_uniform: return uniform(shape, std::sqrt(6 / (in + out)));
    case WeightInit::xavier_normal: return normal(shape, 2 / (in + out));
    case WeightInit::zeros: break;
  }
  return constant(shape, 0);
}

Tensor Initialiser::bias(std::int64_t count, std::int64_t fan_in, BiasInit init) {
  switch (init) {
    case BiasInit::none: return {};
    case BiasInit::uniform: return uniform({count}, std::sqrt(1 / static_cast<double>(fan_in)));
    case BiasInit::zeros: break;
  }
  return constant({count}, 0);
}

Tensor Initialiser::constant(const Shape& shape, double value) {
  ++parameters_;
  return Tensor::full(shape, value, dtype_, device_);
}

std::uint64_t Initialiser::dropout_seed() {
  const PhiloxCounter counter{static_cast<std::uint32_t>(RandomPurpose::dropout), dropouts_++, 0};
  const PhiloxWords words = philox({seed_}, counter);
  return std::uint64_t{words[1]} << 32 | words[0];
}

template <class Draw>
Tensor Initialiser::draw(const Shape& shape, const Draw& draw) {
  PhiloxStream stream(seed_, RandomPurpose::initialise, parameters_++);
  Tensor tensor = Tensor::empty(shape, DType::f64);
  double* values = tensor.mutable_data<double>();
  for (std::int64_t i = 0; i < tensor.size(); ++i) values[i] = draw(stream);
  return tensor.cast(dtype_).to(device_);
}

Tensor Initialiser::uniform(const Shape& shape, double bound) {
  return draw(shape, [bound](PhiloxStream& stream) { return bound * (2.0 * stream.next_uniform() - 1.0); });
}

Tensor Initialiser::normal(const Shape& shape, double variance) {
  return draw(shape, [d = std::sqrt(variance)](PhiloxStream& stream) { return d * stream.next_normal(); });
}

}  // namespace sluice::nn
