// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/layer_norm.h>

#include <sluice/kernels/layer_norm.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::ops {
namespace {

using kernels::LayerNormGeometry;

void check(const Variable& x, const Variable& weight, const Variable& bias, double epsilon) {
  const Shape& shape = x.shape();
  require_one_device("layer_norm", {&x.value(), &weight.value(), &bias.value()});
  require(shape.rank() >= 1 && shape[-1] > 0, "layer_norm", "x expects [...,C] with at least one channel, got ", shape);
  const auto expect_channels = [&](const Tensor& tensor, const char* what) {
    require(tensor.defined() && tensor.shape() == Shape{shape[-1]} && tensor.dtype() == master_dtype(x.dtype()),
            "layer_norm", what, " expects ", name_of(master_dtype(x.dtype())), "[", shape[-1], "], got ",
            name_of(tensor.dtype()), tensor.shape(), "; x is ", shape);
  };
  expect_channels(weight.value(), "weight");
  expect_channels(bias.value(), "bias");
  require(epsilon > 0, "layer_norm", "epsilon expects more than 0, got ", epsilon);
}

}  // namespace

Variable layer_norm(const Variable& x, const Variable& weight, const Variable& bias, double epsilon) {
  check(x, weight, bias, epsilon);
  const Device device = x.value().device();
  const LayerNormGeometry g{x.value().size() / x.shape()[-1], x.shape()[-1]};
  const DType master = master_dtype(x.dtype());
  Tensor y = Tensor::empty(x.shape(), x.dtype(), device);
  Tensor mean = Tensor::empty({g.rows}, master, device);
  Tensor inverse_deviation = Tensor::empty({g.rows}, master, device);
  dispatch(exec_of(y), x.dtype(), "layer_norm", [&]<class Device, class T>() {
    using M = Master<T>;
    kernels::LayerNorm<Device>::forward(exec_of(y), g, epsilon, x.value().data<T>(), weight.value().data<M>(),
                                        bias.value().data<M>(), y.mutable_data<T>(), mean.mutable_data<M>(),
                                        inverse_deviation.mutable_data<M>());
  });
  return record(
      "layer_norm", std::move(y), {&x, &weight, &bias},
      [g, mean, inverse_deviation, input = x.value(), scale = weight.value()](Tensor dy, Gradients& gradients) {
        Tensor dx = dy.unique() ? dy : Tensor::empty(dy.shape(), dy.dtype(), dy.device());
        Tensor dweight = Tensor::empty({g.channels}, scale.dtype(), dy.device());
        Tensor dbias = Tensor::empty({g.channels}, scale.dtype(), dy.device());
        const Exec exec = exec_of(dy);
        dispatch(exec, dy.dtype(), "layer_norm", [&]<class Device, class T>() {
          using M = Master<T>;
          const Scratch scratch(exec.device, kernels::LayerNorm<Device>::template backward_scratch_bytes<T>(exec, g));
          kernels::LayerNorm<Device>::backward(exec, g, input.data<T>(), mean.data<M>(), inverse_deviation.data<M>(),
                                               scale.data<M>(), dy.data<T>(), dx.mutable_data<T>(),
                                               dweight.mutable_data<M>(), dbias.mutable_data<M>(), scratch.data());
        });
        dy = {};
        gradients.add(0, std::move(dx));
        gradients.add(1, std::move(dweight));
        gradients.add(2, std::move(dbias));
      });
}

}  // namespace sluice::ops
