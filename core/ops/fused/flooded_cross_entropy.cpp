// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/fused/flooded_cross_entropy.h>

#include <cmath>

#include <sluice/core/ops/cross_entropy_check.h>
#include <sluice/core/ops/flood.h>
#include <sluice/core/ops/flood_rows_check.h>
#include <sluice/kernels/elementwise.h>
#include <sluice/kernels/flooded_cross_entropy.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::ops {
namespace {

constexpr const char* kOp = "flooded_cross_entropy";

// `value`, whose derivative by the logits has been computed with it.
Variable record_with_gradient(const char* op, const Tensor& value, const Variable& logits, Tensor dlogits) {
  return record(op, value, {&logits}, [dlogits = std::move(dlogits)](Gradient gradient, Gradients& gradients) mutable {
    Tensor dx = gradients.runs_again() ? dlogits : std::move(dlogits);
    if (!gradient.is_one()) {
      const Tensor dy = std::move(gradient);
      // An earlier pass may have handed the saved tensor out as it is.
      const bool shared = !dx.unique();
      const Tensor from = dx;
      if (shared) dx = Tensor::empty(from.shape(), from.dtype(), from.device());
      dispatch(exec_of(dx), dx.dtype(), kOp, [&]<class Device, class T>() {
        kernels::Elementwise<Device>::scale_by(exec_of(dx), dx.size(), dy.data<Master<T>>(), from.data<T>(),
                                               dx.mutable_data<T>());
      });
    }
    gradients.add(0, std::move(dx));
  });
}

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
  const Exec exec = exec_of(x);
  dispatch(exec, x.dtype(), kOp, [&]<class Device, class T>() {
    using R = Master<T>;
    const Scratch scratch(exec.device, kernels::FloodedCrossEntropy<Device>::template scratch_bytes<T>(exec, geometry));
    kernels::FloodedCrossEntropy<Device>::forward(exec, geometry, x.data<T>(), labels.data<std::int32_t>(),
                                                  weights.data<R>(), level.data<double>(), mean.mutable_data<R>(),
                                                  value.mutable_data<R>(), dlogits.mutable_data<T>(), scratch.data());
  });
  return {.loss = record_with_gradient(kOp, value, logits, std::move(dlogits)), .mean = mean};
}

FloodedRows flooded_cross_entropy_rows(const Variable& logits, const Tensor& labels, const Tensor& levels,
                                       const FloodOptions& flood, const CrossEntropyOptions& options) {
  constexpr const char* op = "flooded_cross_entropy_rows";
  const Tensor& x = logits.value();
  const kernels::CrossEntropyGeometry geometry = check_cross_entropy(op, x, labels, options);
  require(geometry.rows >= 1, op, "expects at least one row, got ", x.shape());
  const DType master = master_dtype(x.dtype());
  const FloodArguments arguments = check_flood_rows(op, labels.shape(), master, x.device(), levels, flood);
  if (!logits.wants_gradient()) return flood_rows(softmax_cross_entropy_rows(logits, labels, options), levels, flood);
  const Tensor weights = options.class_weights.cast(master);
  const auto scalar = [&] { return Tensor::empty({}, master, x.device()); };
  Tensor value = scalar(), mean = scalar(), flooded = scalar();
  Tensor dlogits = Tensor::empty(x.shape(), x.dtype(), x.device());
  const Exec exec = exec_of(x);
  dispatch(exec, x.dtype(), op, [&]<class Device, class T>() {
    using R = Master<T>;
    const Scratch scratch(exec.device,
                          kernels::FloodedCrossEntropy<Device>::template rows_scratch_bytes<T>(exec, geometry));
    kernels::FloodedCrossEntropy<Device>::rows_forward(
        exec, geometry, arguments.rule, x.data<T>(), labels.data<std::int32_t>(), weights.data<R>(),
        arguments.levels<R>(), value.mutable_data<R>(), mean.mutable_data<R>(), flooded.mutable_data<R>(),
        dlogits.mutable_data<T>(), scratch.data());
  });
  return {.loss = record_with_gradient(op, value, logits, std::move(dlogits)), .mean = mean, .flooded = flooded};
}

}  // namespace sluice::ops
