// SPDX-License-Identifier: Apache-2.0
// Tensors made of numbers that follow a rule or a random stream. Random ones are computed on the host from a Philox
// counter of (seed, stream, step), so that the same three give the same tensor on every device; a seed's streams and
// steps share no numbers. Throws std::invalid_argument for counts below 0 and types that don't fit.
#pragma once

#include <cstdint>

#include <sluice/core/tensor.h>

namespace sluice {

// start, start + step, ... `count` of them, in f32, bf16, f64 or i32.
Tensor arange(double start, std::int64_t count, double step = 1, DType dtype = DType::f32, Device device = {});
// `count` numbers at equal distances, the first `start`, the last `stop`.
Tensor linspace(double start, double stop, std::int64_t count, DType dtype = DType::f32, Device device = {});
// [n,n]: 1 on the diagonal, 0 elsewhere.
Tensor eye(std::int64_t n, DType dtype = DType::f32, Device device = {});

struct RandomSource {
  std::uint64_t seed = 0;
  std::uint32_t stream = 0, step = 0;
};

// Uniform in [low, high); of mean 0 and deviation 1; 1 with the given probability and 0 else; the numbers 0 to n-1
// (i32) in a random order.
Tensor random_uniform(const Shape& shape, RandomSource source, double low = 0, double high = 1,
                      DType dtype = DType::f32, Device device = {});
Tensor random_normal(const Shape& shape, RandomSource source, DType dtype = DType::f32, Device device = {});
Tensor random_bernoulli(const Shape& shape, double probability, RandomSource source, DType dtype = DType::f32,
                        Device device = {});
Tensor random_permutation(std::int64_t n, RandomSource source, Device device = {});

}  // namespace sluice
