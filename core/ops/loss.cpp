// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/loss.h>

#include <sluice/core/ops/cross_entropy_check.h>
#include <sluice/kernels/mean_squared_error.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::ops {
namespace {

using kernels::CrossEntropyGeometry;

void check_labels(const char* op, const Tensor& labels, const CrossEntropyGeometry& geometry) {
  if (labels.device().kind != DeviceKind::cpu) return;
  const std::int32_t* label = labels.ptr<std::int32_t>();
  for (std::int64_t i = 0; i < geometry.rows; ++i) {
    const bool known = label[i] >= 0 && label[i] < geometry.classes;
    require(known || label[i] == geometry.ignore_index, op, "label ", label[i], " at index ", i,
            " is out of range: expects 0 to ", geometry.classes - 1, ", or ", geometry.ignore_index, " to ignore it");
  }
}

}  // namespace

CrossEntropyGeometry check_cross_entropy(const char* op, const Tensor& logits, const Tensor& labels,
                                         const CrossEntropyOptions& options) {
  const Shape& shape = logits.shape();
  require_one_device(op, {&logits, &labels, &options.class_weights});
  require(shape.rank() == 2 && shape[1] > 0, op, "logits expect [N,C], got ", shape);
  require(labels.defined() && labels.shape() == Shape{shape[0]} && labels.dtype() == DType::i32, op,
          "labels expect i32[", shape[0], "], got ", name_of(labels.dtype()), labels.shape());
  require(options.label_smoothing >= 0 && options.label_smoothing <= 1, op, "expects label smoothing in [0,1], got ",
          options.label_smoothing);
  const Tensor& given = options.class_weights;
  require(!given.defined() || (given.shape() == Shape{shape[1]} && given.dtype() == DType::f32), op,
          "class weights expect f32[", shape[1], "], got ", name_of(given.dtype()), given.shape());
  const CrossEntropyGeometry geometry{.rows = shape[0],
                                      .classes = shape[1],
                                      .label_smoothing = options.label_smoothing,
                                      .ignore_index = options.ignore_index};
  check_labels(op, labels, geometry);
  return geometry;
}

Variable softmax_cross_entropy(const Variable& logits, const Tensor& labels, const CrossEntropyOptions& options) {
  constexpr const char* op = "softmax_cross_entropy";
  const CrossEntropyGeometry geometry = check_cross_entropy(op, logits.value(), labels, options);

  const DType master = master_dtype(logits.dtype());
  const Device device = logits.value().device();
  const Tensor weights = options.class_weights.cast(master);
  Tensor loss = Tensor::empty({}, master, device);
  Tensor log_sum_exp = Tensor::empty({geometry.rows}, master, device);
  Tensor weight_sum = Tensor::empty({}, master, device);
  with_float_type(logits.dtype(), op, [&](auto tag) {
    using T = decltype(tag);
    using R = Master<T>;
    const Exec exec = exec_of(loss);
    const Scratch scratch(device, SLUICE_KERNEL(T, exec, softmax_cross_entropy_forward_scratch_bytes, geometry));
    SLUICE_KERNEL(T, exec, softmax_cross_entropy_forward, geometry, logits.value().ptr<T>(), labels.ptr<std::int32_t>(),
                  weights.ptr<R>(), loss.ptr<R>(), log_sum_exp.ptr<R>(), weight_sum.ptr<R>(), scratch.data());
  });
  return record(
      op, loss, {&logits},
      [geometry, x = logits.value(), labels, weights, log_sum_exp, weight_sum](Tensor dy, Gradients& gradients) {
        Tensor dx = Tensor::empty(x.shape(), x.dtype(), x.device());
        with_float_type(x.dtype(), op, [&](auto tag) {
          using T = decltype(tag);
          using R = Master<T>;
          SLUICE_KERNEL(T, exec_of(dx), softmax_cross_entropy_backward, geometry, x.ptr<T>(),
                        labels.ptr<std::int32_t>(), weights.ptr<R>(), log_sum_exp.ptr<R>(), weight_sum.ptr<R>(),
                        dy.ptr<R>(), dx.ptr<T>());
        });
        gradients.add(0, std::move(dx));
      });
}

Variable softmax_cross_entropy_rows(const Variable& logits, const Tensor& labels, const CrossEntropyOptions& options) {
  constexpr const char* op = "softmax_cross_entropy_rows";
  const CrossEntropyGeometry geometry = check_cross_entropy(op, logits.value(), labels, options);
  const DType master = master_dtype(logits.dtype());
  const Device device = logits.value().device();
  const Tensor weights = options.class_weights.cast(master);
  Tensor losses = Tensor::empty({geometry.rows}, master, device);
  Tensor log_sum_exp = Tensor::empty({geometry.rows}, master, device);
  with_float_type(logits.dtype(), op, [&](auto tag) {
    using T = decltype(tag);
    using R = Master<T>;
    SLUICE_KERNEL(T, exec_of(losses), softmax_cross_entropy_rows_forward, geometry, logits.value().ptr<T>(),
                  labels.ptr<std::int32_t>(), weights.ptr<R>(), losses.ptr<R>(), log_sum_exp.ptr<R>());
  });
  return record(op, losses, {&logits},
                [geometry, x = logits.value(), labels, weights, log_sum_exp](Tensor dy, Gradients& gradients) {
                  Tensor dx = Tensor::empty(x.shape(), x.dtype(), x.device());
                  with_float_type(x.dtype(), op, [&](auto tag) {
                    using T = decltype(tag);
                    using R = Master<T>;
                    SLUICE_KERNEL(T, exec_of(dx), softmax_cross_entropy_rows_backward, geometry, x.ptr<T>(),
                                  labels.ptr<std::int32_t>(), weights.ptr<R>(), log_sum_exp.ptr<R>(), dy.ptr<R>(),
                                  dx.ptr<T>());
                  });
                  gradients.add(0, std::move(dx));
                });
}

Variable mean_squared_error(const Variable& x, const Variable& target) {
  constexpr const char* op = "mean_squared_error";
  require_one_device(op, {&x.value(), &target.value()});
  require(x.shape() == target.shape() && x.dtype() == target.dtype(), op, "expects two of one shape and type, got ",
          name_of(x.dtype()), x.shape(), " and ", name_of(target.dtype()), target.shape());
  const Device device = x.value().device();
  Tensor loss = Tensor::empty({}, master_dtype(x.dtype()), device);
  with_float_type(x.dtype(), op, [&](auto tag) {
    using T = decltype(tag);
    const Exec exec = exec_of(loss);
    const std::int64_t n = x.value().size();
    const Scratch scratch(device, SLUICE_KERNEL(T, exec, mean_squared_error_forward_scratch_bytes, n));
    SLUICE_KERNEL(T, exec, mean_squared_error_forward, n, x.value().ptr<T>(), target.value().ptr<T>(),
                  loss.ptr<Master<T>>(), scratch.data());
  });
  const auto derivative = [](const Tensor& in, const Tensor& beside, const Tensor& dy) {
    Tensor dx = Tensor::empty(in.shape(), in.dtype(), in.device());
    with_float_type(in.dtype(), op, [&](auto tag) {
      using T = decltype(tag);
      SLUICE_KERNEL(T, exec_of(dx), mean_squared_error_backward, in.size(), in.ptr<T>(), beside.ptr<T>(),
                    dy.ptr<Master<T>>(), dx.ptr<T>());
    });
    return dx;
  };
  return record(op, loss, {&x, &target},
                [derivative, a = x.value(), b = target.value()](Tensor dy, Gradients& gradients) {
                  if (gradients.wants(0)) gradients.add(0, derivative(a, b, dy));
                  if (gradients.wants(1)) gradients.add(1, derivative(b, a, dy));
                });
}

}  // namespace sluice::ops
