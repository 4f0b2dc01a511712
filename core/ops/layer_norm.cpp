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
  const Tensor mean = Tensor::empty({g.rows}, master, device);
  const Tensor inverse_deviation = Tensor::empty({g.rows}, master, device);
  with_float_type(x.dtype(), "layer_norm", [&](auto tag) {
    using T = decltype(tag);
    using M = Master<T>;
    SLUICE_KERNEL(T, exec_of(y), layer_norm_forward, g, epsilon, x.value().ptr<T>(), weight.value().ptr<M>(),
                  bias.value().ptr<M>(), y.ptr<T>(), mean.ptr<M>(), inverse_deviation.ptr<M>());
  });
  return record(
      "layer_norm", std::move(y), {&x, &weight, &bias},
      [g, mean, inverse_deviation, input = x.value(), scale = weight.value()](Tensor dy, Gradients& gradients) {
        Tensor dx = dy.unique() ? dy : Tensor::empty(dy.shape(), dy.dtype(), dy.device());
        Tensor dweight = Tensor::empty({g.channels}, scale.dtype(), dy.device());
        Tensor dbias = Tensor::empty({g.channels}, scale.dtype(), dy.device());
        with_float_type(dy.dtype(), "layer_norm", [&](auto tag) {
          using T = decltype(tag);
          using M = Master<T>;
          const Exec exec = exec_of(dy);
          const Scratch scratch(exec.device, SLUICE_KERNEL(T, exec, layer_norm_backward_scratch_bytes, g));
          SLUICE_KERNEL(T, exec, layer_norm_backward, g, input.ptr<T>(), mean.ptr<M>(), inverse_deviation.ptr<M>(),
                        scale.ptr<M>(), dy.ptr<T>(), dx.ptr<T>(), dweight.ptr<M>(), dbias.ptr<M>(), scratch.data());
        });
        dy = {};
        gradients.add(0, std::move(dx));
        gradients.add(1, std::move(dweight));
        gradients.add(2, std::move(dbias));
      });
}

}  // namespace sluice::ops
