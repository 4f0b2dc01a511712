// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/linear.h>

#include <sluice/core/ops/weight.h>
#include <sluice/kernels/linear.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::ops {

using kernels::LinearShape;

Variable linear(const Variable& x, const Variable& weight, const Variable& bias) {
  require_one_device("linear", {&x.value(), &weight.value(), &bias.value()});
  require(x.shape().rank() == 2 && weight.shape().rank() == 2, "linear", "expects x [N,C] and weight [K,C], got ",
          x.shape(), " and ", weight.shape());
  const LinearShape shape{x.shape()[0], x.shape()[1], weight.shape()[0]};
  require(weight.shape()[1] == shape.in_features, "linear", "weight expects ", weight.shape()[1], " features, got ",
          shape.in_features, "; x is ", x.shape());
  require(!bias.defined() || bias.shape() == Shape{shape.out_features}, "linear", "bias expects [", shape.out_features,
          "], got ", bias.shape());
  const DType master = master_dtype(x.dtype());
  require(weight.dtype() == master && (!bias.defined() || bias.dtype() == master), "linear", "parameters beside x of ",
          name_of(x.dtype()), " are ", name_of(master), ", got ", name_of(weight.dtype()));
  Tensor y = Tensor::empty({shape.rows, shape.out_features}, x.dtype(), x.value().device());
  dispatch(exec_of(y), x.dtype(), "linear", [&]<class Device, class T>() {
    const Exec exec = exec_of(y);
    const Scratch scratch(y.device(), kernels::Linear<Device>::template forward_scratch_bytes<T>(exec, shape));
    kernels::Linear<Device>::forward(exec, shape, x.value().data<T>(), weight_for<T>(weight.value()),
                                     bias.value().data<Master<T>>(), y.mutable_data<T>(), scratch.data());
  });
  return record("linear", y, {&x, &weight, &bias},
                [shape, input = x.value(), matrix = weight.value()](Tensor dy, Gradients& gradients) {
                  const Exec exec = exec_of(dy);
                  dispatch(exec, dy.dtype(), "linear", [&]<class Device, class T>() {
                    if (gradients.wants(1) || gradients.wants(2)) {
                      Tensor dweight = Tensor::empty(matrix.shape(), matrix.dtype(), matrix.device());
                      Tensor dbias;
                      if (gradients.wants(2))
                        dbias = Tensor::empty({shape.out_features}, matrix.dtype(), matrix.device());
                      const Scratch scratch(
                          dy.device(), kernels::Linear<Device>::template backward_weight_scratch_bytes<T>(exec, shape));
                      kernels::Linear<Device>::backward_weight(exec, shape, input.data<T>(), dy.data<T>(),
                                                               dweight.mutable_data<Master<T>>(),
                                                               dbias.mutable_data<Master<T>>(), scratch.data());
                      gradients.add(1, std::move(dweight));
                      if (dbias.defined()) gradients.add(2, std::move(dbias));
                    }
                    if (gradients.wants(0)) {
                      Tensor dx = Tensor::empty(input.shape(), dy.dtype(), dy.device());
                      const Scratch scratch(
                          dy.device(), kernels::Linear<Device>::template backward_input_scratch_bytes<T>(exec, shape));
                      kernels::Linear<Device>::backward_input(exec, shape, weight_for<T>(matrix), dy.data<T>(),
                                                              dx.mutable_data<T>(), scratch.data());
                      gradients.add(0, std::move(dx));
                    }
                  });
                });
}

}  // namespace sluice::ops
