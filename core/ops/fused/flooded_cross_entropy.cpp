// SPDX-License-Identifier: Apache-2.0
#include "core/ops/fused/flooded_cross_entropy.h"

#include <cmath>

#include "core/ops/cross_entropy_check.h"
#include "core/ops/flood.h"
#include "core/unit_gradient.h"
#include "kernels/base/dispatch.h"
#include "kernels/elementwise.h"
#include "kernels/flooded_cross_entropy.h"

namespace sluice::ops {
namespace {

constexpr const char* kOp = "flooded_cross_entropy";

}  // namespace

FloodedCrossEntropy flooded_cross_entropy(const Variable& logits, const Tensor& labels, double level,
                                          const CrossEntropyOptions& options) {
  require(std::isfinite(level) && level >= 0, kOp, "expects a finite level of at least 0, got ", level);
  return flooded_cross_entropy(logits, labels, Tensor::full({}, level, DType::f64, logits.value().device()), options);
}

FloodedCrossEntropy flooded_cross_entropy(const Variable& logits, const Tensor& labels, const Tensor& level,
                                          const CrossEntropyOptions& options) {
  const Tensor& x = logits.value();
  const kernels::CrossEntropyGeometry geometry = check_cross_entropy(kOp, x, labels, options);
  require(level.defined() && level.size() == 1 && level.dtype() == DType::f64 && level.device() == x.device(), kOp,
          "level expects an f64 scalar on ", x.device(), ", got ", name_of(level.dtype()), level.shape(), " on ",
          level.device());
  if (!logits.wants_gradient()) {
    const Variable mean = softmax_cross_entropy(logits, labels, options);
    return {.loss = flood(mean, level), .mean = mean.value()};
  }
  const DType master = master_dtype(x.dtype());
  const Tensor weights = options.class_weights.cast(master);
  Tensor mean = Tensor::empty({}, master, x.device());
  Tensor value = Tensor::empty({}, master, x.device());
  Tensor dlogits = Tensor::empty(x.shape(), x.dtype(), x.device());
  with_float_type(x.dtype(), kOp, [&](auto tag) {
    using T = decltype(tag);
    using R = Master<T>;
    const Exec exec = exec_of(x);
    const Scratch scratch(exec.device, SLUICE_KERNEL(T, exec, flooded_cross_entropy_scratch_bytes, geometry));
    SLUICE_KERNEL(T, exec, flooded_cross_entropy, geometry, x.ptr<T>(), labels.ptr<std::int32_t>(), weights.ptr<R>(),
                  level.ptr<double>(), mean.ptr<R>(), value.ptr<R>(), dlogits.ptr<T>(), scratch.data());
  });
  Variable loss = record(kOp, value, {&logits}, [dlogits](const Tensor& dy, Gradients& gradients) mutable {
    // Where backward() begins at this very loss, the gradient is there already.
    if (dy.raw() != unit_gradient(dy.dtype(), dy.device()).raw())
      with_float_type(dlogits.dtype(), kOp, [&](auto tag) {
        using T = decltype(tag);
        SLUICE_KERNEL(T, exec_of(dlogits), scale_by, dlogits.size(), dy.ptr<Master<T>>(), dlogits.ptr<T>(),
                      dlogits.ptr<T>());
      });
    gradients.add(0, std::move(dlogits));
  });
  return {.loss = std::move(loss), .mean = std::move(mean)};
}

}  // namespace sluice::ops
