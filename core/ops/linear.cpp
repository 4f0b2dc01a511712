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
  with_float_type(x.dtype(), "linear", [&](auto tag) {
    using T = decltype(tag);
    const Exec exec = exec_of(y);
    const Scratch scratch(y.device(), SLUICE_KERNEL(T, exec, linear_forward_scratch_bytes, shape));
    SLUICE_KERNEL(T, exec, linear_forward, shape, x.value().ptr<T>(), weight_for<T>(weight.value()),
                  bias.value().ptr<Master<T>>(), y.ptr<T>(), scratch.data());
  });
  return record(
      "linear", y, {&x, &weight, &bias},
      [shape, input = x.value(), matrix = weight.value()](Tensor dy, Gradients& gradients) {
        with_float_type(dy.dtype(), "linear", [&](auto tag) {
          using T = decltype(tag);
          const Exec exec = exec_of(dy);
          if (gradients.wants(1) || gradients.wants(2)) {
            Tensor dweight = Tensor::empty(matrix.shape(), matrix.dtype(), matrix.device());
            Tensor dbias;
            if (gradients.wants(2)) dbias = Tensor::empty({shape.out_features}, matrix.dtype(), matrix.device());
            const Scratch scratch(dy.device(), SLUICE_KERNEL(T, exec, linear_backward_weight_scratch_bytes, shape));
            SLUICE_KERNEL(T, exec, linear_backward_weight, shape, input.ptr<T>(), dy.ptr<T>(), dweight.ptr<Master<T>>(),
                          dbias.ptr<Master<T>>(), scratch.data());
            gradients.add(1, std::move(dweight));
            if (dbias.defined()) gradients.add(2, std::move(dbias));
          }
          if (gradients.wants(0)) {
            Tensor dx = Tensor::empty(input.shape(), dy.dtype(), dy.device());
            const Scratch scratch(dy.device(), SLUICE_KERNEL(T, exec, linear_backward_input_scratch_bytes, shape));
            SLUICE_KERNEL(T, exec, linear_backward_input, shape, weight_for<T>(matrix), dy.ptr<T>(), dx.ptr<T>(),
                          scratch.data());
            gradients.add(0, std::move(dx));
          }
        });
      });
}

}  // namespace sluice::ops
