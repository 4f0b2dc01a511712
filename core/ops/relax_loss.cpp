// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/relax_loss.h>

#include <cmath>

#include <sluice/core/ops/cross_entropy_check.h>
#include <sluice/core/ops/flood.h>
#include <sluice/kernels/posterior_flattening.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::ops {
namespace {

constexpr const char* kOp = "relax_loss";

void refuse_ignored(const Tensor& labels) {
  if (labels.device().kind != DeviceKind::cpu) return;
  for (const std::int32_t label : labels.to_vector<std::int32_t>())
    require(label >= 0, kOp, "ignores no rows: expects labels of at least 0, got ", label);
}

struct CrossEntropy {
  Tensor mean;
  Tensor log_sum_exp;  // [N]
};

CrossEntropy cross_entropy(const Tensor& logits, const Tensor& labels) {
  const kernels::CrossEntropyGeometry geometry{.rows = logits.shape()[0], .classes = logits.shape()[1]};
  const DType master = master_dtype(logits.dtype());
  CrossEntropy result{.mean = Tensor::empty({}, master, logits.device()),
                      .log_sum_exp = Tensor::empty({geometry.rows}, master, logits.device())};
  Tensor weight_sum = Tensor::empty({}, master, logits.device());
  const Exec exec = exec_of(logits);
  dispatch(exec, logits.dtype(), kOp, [&]<class Device, class T>() {
    using R = Master<T>;
    const Scratch scratch(exec.device,
                          kernels::CrossEntropy<Device>::template forward_scratch_bytes<T>(exec, geometry));
    kernels::CrossEntropy<Device>::forward(exec, geometry, logits.data<T>(), labels.data<std::int32_t>(),
                                           static_cast<const R*>(nullptr), result.mean.mutable_data<R>(),
                                           result.log_sum_exp.mutable_data<R>(), weight_sum.mutable_data<R>(),
                                           scratch.data());
  });
  return result;
}

RelaxedLoss flattened(const Variable& logits, const Tensor& labels, double level) {
  const Tensor& x = logits.value();
  const CrossEntropy plain = cross_entropy(x, labels);
  const kernels::PosteriorFlatteningGeometry geometry{.rows = x.shape()[0], .classes = x.shape()[1], .level = level};
  Tensor value = Tensor::empty({}, plain.mean.dtype(), x.device());
  const Exec exec = exec_of(x);
  dispatch(exec, x.dtype(), kOp, [&]<class Device, class T>() {
    using R = Master<T>;
    const Scratch scratch(exec.device,
                          kernels::PosteriorFlattening<Device>::template forward_scratch_bytes<T>(exec, geometry));
    kernels::PosteriorFlattening<Device>::forward(exec, geometry, x.data<T>(), labels.data<std::int32_t>(),
                                                  plain.mean.data<R>(), plain.log_sum_exp.data<R>(),
                                                  value.mutable_data<R>(), scratch.data());
  });
  Variable loss = record(kOp, value, {&logits}, [geometry, x, labels, plain](const Tensor& dy, Gradients& gradients) {
    Tensor dx = Tensor::empty(x.shape(), x.dtype(), x.device());
    dispatch(exec_of(dx), x.dtype(), kOp, [&]<class Device, class T>() {
      using R = Master<T>;
      kernels::PosteriorFlattening<Device>::backward(exec_of(dx), geometry, x.data<T>(), labels.data<std::int32_t>(),
                                                     plain.mean.data<R>(), plain.log_sum_exp.data<R>(), dy.data<R>(),
                                                     dx.mutable_data<T>());
    });
    gradients.add(0, std::move(dx));
  });
  return {.loss = std::move(loss), .mean = plain.mean};
}

}  // namespace

RelaxedLoss relax_loss(const Variable& logits, const Tensor& labels, double level, RelaxPhase phase) {
  require(std::isfinite(level) && level >= 0, kOp, "expects a finite level of at least 0, got ", level);
  require(logits.shape().rank() == 2 && logits.shape()[0] >= 1 && logits.shape()[1] >= 2, kOp,
          "logits expect [N,C] of at least one row and two classes, got ", logits.shape());
  check_cross_entropy(kOp, logits.value(), labels, {});
  refuse_ignored(labels);
  if (phase == RelaxPhase::flatten && level > 0) return flattened(logits, labels, level);
  const Variable mean = softmax_cross_entropy(logits, labels);
  return {.loss = flood(mean, level), .mean = mean.value()};
}

}  // namespace sluice::ops
