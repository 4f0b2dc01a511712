// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/dropout_parts.h>

#include <vector>

#include <sluice/core/ops/arithmetic.h>
#include <sluice/core/ops/dropout.h>
#include <sluice/core/ops/elementwise.h>

namespace sluice::ops {
namespace {

// One element of the mask for each place of the given axes of x; the others are broadcast.
template <class Step>
Variable masked(const Variable& x, std::initializer_list<int> axes, double probability, std::uint64_t seed,
                const Step& step, Mode mode) {
  std::vector<std::int64_t> parts(static_cast<std::size_t>(x.shape().rank()), 1);
  for (const int axis : axes) parts[static_cast<std::size_t>(axis)] = x.shape()[axis];
  const DType master = master_dtype(x.dtype());
  const Variable ones(Tensor::full(Shape(std::span<const std::int64_t>(parts)), 1, master, x.value().device()));
  const Variable mask = dropout(ones, probability, seed, step, mode);
  if (mode == Mode::eval || probability == 0) return x;
  if (x.dtype() == master) return x * mask;
  // The factor 1 / (1 - probability) would be another one in bf16, where 0 and 1 are exact.
  return x * cast(mask * (1 - probability), x.dtype()) / (1 - probability);
}

template <class Step>
Variable without_channels(const Variable& x, double probability, std::uint64_t seed, const Step& step, Mode mode) {
  require(x.shape().rank() >= 2, "dropout_channels", "expects x [N,...,C], got ", x.shape());
  return masked(x, {0, x.shape().rank() - 1}, probability, seed, step, mode);
}

template <class Step>
Variable without_paths(const Variable& x, double probability, std::uint64_t seed, const Step& step, Mode mode) {
  require(x.shape().rank() >= 1, "dropout_paths", "expects x [N,...], got ", x.shape());
  return masked(x, {0}, probability, seed, step, mode);
}

}  // namespace

Variable dropout_channels(const Variable& x, double probability, std::uint64_t seed, std::int64_t step, Mode mode) {
  return without_channels(x, probability, seed, step, mode);
}
Variable dropout_channels(const Variable& x, double probability, std::uint64_t seed, const Tensor& step, Mode mode) {
  return without_channels(x, probability, seed, step, mode);
}
Variable dropout_paths(const Variable& x, double probability, std::uint64_t seed, std::int64_t step, Mode mode) {
  return without_paths(x, probability, seed, step, mode);
}
Variable dropout_paths(const Variable& x, double probability, std::uint64_t seed, const Tensor& step, Mode mode) {
  return without_paths(x, probability, seed, step, mode);
}

}  // namespace sluice::ops
