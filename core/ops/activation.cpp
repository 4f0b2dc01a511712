// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/activation.h>

#include <sluice/kernels/activation.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::ops {
namespace {

using kernels::Activation;

Variable activation(const char* name, Activation kind, const Variable& x) {
  Tensor y = Tensor::empty(x.shape(), x.dtype(), x.value().device());
  with_float_type(x.dtype(), name, [&](auto tag) {
    using T = decltype(tag);
    SLUICE_KERNEL(T, exec_of(y), activation_forward, kind, y.size(), x.value().ptr<T>(), y.ptr<T>());
  });
  // relu's derivative can be told from its result, which the next operation holds anyway.
  const Tensor saved = kind == Activation::relu ? y : x.value();
  return record(name, y, {&x}, [kind, saved, name](Tensor dy, Gradients& gradients) {
    Tensor dx = dy.unique() ? dy : Tensor::empty(dy.shape(), dy.dtype(), dy.device());
    with_float_type(dy.dtype(), name, [&](auto tag) {
      using T = decltype(tag);
      SLUICE_KERNEL(T, exec_of(dy), activation_backward, kind, dy.size(), saved.ptr<T>(), dy.ptr<T>(), dx.ptr<T>());
    });
    dy = {};
    gradients.add(0, std::move(dx));
  });
}

}  // namespace

Variable relu(const Variable& x) { return activation("relu", Activation::relu, x); }
Variable gelu(const Variable& x) { return activation("gelu", Activation::gelu, x); }
Variable silu(const Variable& x) { return activation("silu", Activation::silu, x); }

}  // namespace sluice::ops
