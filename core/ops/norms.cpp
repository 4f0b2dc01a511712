// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/norms.h>

#include <sluice/core/ops/arithmetic.h>
#include <sluice/core/ops/detail/broadcast.h>
#include <sluice/core/ops/detail/reduce.h>
#include <sluice/core/ops/elementwise.h>
#include <sluice/core/ops/reduce.h>
#include <sluice/kernels/norm_maps.h>

namespace sluice::ops {
namespace {

enum class Mean : bool { stays, goes };

// x as [samples, places, groups, channels of a group], normalized over places and channels.
struct Parts {
  Shape shape;
  Shape channels;  // [1,1,groups,channels of a group], as weight and bias are seen
  Mean mean;

  double count() const { return static_cast<double>(shape[1] * shape[3]); }
};

template <class Map, std::size_t n>
Tensor mapped(const Map& map, const Shape& shape, const std::array<Tensor, n>& inputs) {
  return detail::map_to_one<Map, kernels::NormTypesOnCpu, kernels::NormTypesOnCuda>(map, shape, inputs[0].dtype(),
                                                                                    inputs);
}

void check_channels(const char* op, const Variable& x, const Variable& given, const char* what) {
  if (!given.defined()) return;
  require_one_device(op, {&x.value(), &given.value()});
  const std::int64_t channels = x.shape()[-1];
  require(given.shape() == Shape{channels} && given.dtype() == master_dtype(x.dtype()), op, what, " expects ",
          name_of(master_dtype(x.dtype())), "[", channels, "], got ", name_of(given.dtype()), given.shape());
}

// In the master type; weight and bias are defined.
Variable normalized(const char* op, const Parts& parts, const Variable& x, const Variable& weight, const Variable& bias,
                    double epsilon) {
  const double share = 1 / parts.count();
  const Tensor in = x.value().reshape(parts.shape);
  const Tensor mean = parts.mean == Mean::goes ? detail::reduce(kernels::Sum{share}, in, {1, 3})
                                               : Tensor::zeros({}, in.dtype(), in.device());
  const Tensor variance =
      detail::reduce(kernels::Sum{share}, mapped(kernels::NormSquares{}, parts.shape, std::array{in, mean}), {1, 3});
  kernels::NormInverse invert;
  invert.epsilon = epsilon;
  const Tensor inverse = mapped(invert, variance.shape(), std::array{variance});
  const Tensor scale = weight.value().reshape(parts.channels);
  Tensor y = mapped(kernels::NormForward{}, parts.shape,
                    std::array{in, mean, inverse, scale, bias.value().reshape(parts.channels)});
  return record(op, y.reshape(x.shape()), {&x, &weight, &bias}, [=](const Tensor& arrived, Gradients& gradients) {
    const Tensor dy = arrived.reshape(parts.shape);
    // Sums over the places of dy and of dy xhat, which the gradients of all three are made of.
    const Tensor plain = detail::reduce(kernels::Sum{}, dy, {1});
    const Tensor products = detail::reduce(
        kernels::Sum{}, mapped(kernels::NormProducts{}, parts.shape, std::array{in, mean, inverse, dy}), {1});
    const Shape channels{parts.shape[2] * parts.shape[3]};
    if (gradients.wants(1)) gradients.add(1, detail::reduce(kernels::Sum{}, products, {0}).reshape(channels));
    if (gradients.wants(2)) gradients.add(2, detail::reduce(kernels::Sum{}, plain, {0}).reshape(channels));
    if (!gradients.wants(0)) return;
    const auto of_group = [&](const Tensor& sums) {
      return (sum(Variable(sums) * Variable(scale), {3}, KeepAxes::yes) * share).value();
    };
    const Tensor level = parts.mean == Mean::goes ? of_group(plain) : mean;
    gradients.add(0, mapped(kernels::NormBackward{}, parts.shape,
                            std::array{in, mean, inverse, dy, scale, level, of_group(products)})
                         .reshape(arrived.shape()));
  });
}

Variable in_master(const char* op, const Parts& parts, const Variable& x, const Variable& weight, const Variable& bias,
                   double epsilon) {
  check_channels(op, x, weight, "weight");
  check_channels(op, x, bias, "bias");
  require(epsilon > 0, op, "epsilon expects more than 0, got ", epsilon);
  const DType master = master_dtype(x.dtype());
  const Shape channels{x.shape()[-1]};
  const auto given_or = [&](const Variable& given, double value) {
    return given.defined() ? given : Variable(Tensor::full(channels, value, master, x.value().device()));
  };
  const bool rounded = x.dtype() != master;
  const Variable y =
      normalized(op, parts, rounded ? cast(x, master) : x, given_or(weight, 1), given_or(bias, 0), epsilon);
  return rounded ? cast(y, x.dtype()) : y;
}

Variable by_groups(const char* op, const Variable& x, std::int64_t groups, const Variable& weight, const Variable& bias,
                   double epsilon) {
  const Shape& shape = x.shape();
  require(shape.rank() >= 2 && shape[-1] > 0, op, "expects x [N,...,C] with at least one channel, got ", shape);
  require(groups > 0 && shape[-1] % groups == 0, op, "expects a number of groups that divides ", shape[-1],
          " channels, got ", groups);
  std::int64_t places = 1;
  for (int axis = 1; axis + 1 < shape.rank(); ++axis) places *= shape[axis];
  require(places > 0, op, "expects at least one place, got ", shape);
  const std::int64_t each = shape[-1] / groups;
  return in_master(op, {{shape[0], places, groups, each}, {1, 1, groups, each}, Mean::goes}, x, weight, bias, epsilon);
}

}  // namespace

Variable group_norm(const Variable& x, std::int64_t groups, const Variable& weight, const Variable& bias,
                    double epsilon) {
  return by_groups("group_norm", x, groups, weight, bias, epsilon);
}

Variable instance_norm(const Variable& x, const Variable& weight, const Variable& bias, double epsilon) {
  return by_groups("instance_norm", x, std::max<std::int64_t>(1, x.shape().rank() > 0 ? x.shape()[-1] : 1), weight,
                   bias, epsilon);
}

Variable rms_norm(const Variable& x, const Variable& weight, double epsilon) {
  require(x.shape().rank() >= 1 && x.shape()[-1] > 0, "rms_norm", "expects x [...,C] with at least one channel, got ",
          x.shape());
  const std::int64_t channels = x.shape()[-1];
  return in_master("rms_norm", {{x.value().size() / channels, 1, 1, channels}, {1, 1, 1, channels}, Mean::stays}, x,
                   weight, {}, epsilon);
}

}  // namespace sluice::ops
