// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/make.h>

#include <numeric>
#include <vector>

#include <sluice/base/philox.h>

namespace sluice {
namespace {

// value(i) of each element i in memory order.
template <class Value>
Tensor made(const char* what, const Shape& shape, DType dtype, Device device, const Value& value) {
  require(dtype != DType::u8, what, "expects f32, bf16, f64 or i32, got ", name_of(dtype));
  const auto count = static_cast<std::size_t>(shape.size());
  if (dtype == DType::i32) {
    std::vector<std::int32_t> values(count);
    for (std::size_t i = 0; i < count; ++i) values[i] = static_cast<std::int32_t>(value(static_cast<std::int64_t>(i)));
    return Tensor::from<std::int32_t>(values, shape, device);
  }
  std::vector<double> values(count);
  for (std::size_t i = 0; i < count; ++i) values[i] = value(static_cast<std::int64_t>(i));
  return Tensor::from<double>(values, shape).cast(dtype).to(device);
}

// The step is the upper half of the counter's index: 2^34 numbers a step.
PhiloxStream stream_of(const RandomSource& source) {
  return {source.seed, RandomPurpose::tensor, source.stream, std::uint64_t{source.step} << 32};
}

}  // namespace

Tensor arange(double start, std::int64_t count, double step, DType dtype, Device device) {
  require(count >= 0, "arange", "expects a count of at least 0, got ", count);
  return made("arange", {count}, dtype, device, [=](std::int64_t i) { return start + static_cast<double>(i) * step; });
}

Tensor linspace(double start, double stop, std::int64_t count, DType dtype, Device device) {
  require(count >= 0, "linspace", "expects a count of at least 0, got ", count);
  const double step = count > 1 ? (stop - start) / static_cast<double>(count - 1) : 0;
  return made("linspace", {count}, dtype, device, [=](std::int64_t i) {
    return count > 1 && i == count - 1 ? stop : start + static_cast<double>(i) * step;
  });
}

Tensor eye(std::int64_t n, DType dtype, Device device) {
  require(n >= 0, "eye", "expects an extent of at least 0, got ", n);
  return made("eye", {n, n}, dtype, device, [n](std::int64_t i) { return i / n == i % n ? 1.0 : 0.0; });
}

Tensor random_uniform(const Shape& shape, RandomSource source, double low, double high, DType dtype, Device device) {
  PhiloxStream random = stream_of(source);
  return made("random_uniform", shape, dtype, device,
              [&](std::int64_t) { return low + (high - low) * random.next_uniform(); });
}

Tensor random_normal(const Shape& shape, RandomSource source, DType dtype, Device device) {
  PhiloxStream random = stream_of(source);
  return made("random_normal", shape, dtype, device, [&](std::int64_t) { return random.next_normal(); });
}

Tensor random_bernoulli(const Shape& shape, double probability, RandomSource source, DType dtype, Device device) {
  require(probability >= 0 && probability <= 1, "random_bernoulli", "expects a probability in [0,1], got ",
          probability);
  PhiloxStream random = stream_of(source);
  return made("random_bernoulli", shape, dtype, device,
              [&](std::int64_t) { return random.next_uniform() < probability ? 1.0 : 0.0; });
}

Tensor random_permutation(std::int64_t n, RandomSource source, Device device) {
  require(n >= 0 && n <= std::int64_t{1} << 31, "random_permutation", "expects 0 to 2^31 numbers, got ", n);
  std::vector<std::int32_t> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), 0);
  PhiloxStream random = stream_of(source);
  // Fisher and Yates: the place of each from the end on is drawn among those before it.
  for (std::size_t left = order.size(); left > 1; --left)
    std::swap(order[left - 1], order[random.next_below(static_cast<std::uint32_t>(left))]);
  return Tensor::from<std::int32_t>(order, {n}, device);
}

}  // namespace sluice
