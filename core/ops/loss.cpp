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
  const std::int32_t* label = labels.data<std::int32_t>();
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
  const Exec exec = exec_of(loss);
  dispatch(exec, logits.dtype(), op, [&]<class Device, class T>() {
    using R = Master<T>;
    const Scratch scratch(device, kernels::CrossEntropy<Device>::template forward_scratch_bytes<T>(exec, geometry));
    kernels::CrossEntropy<Device>::forward(exec, geometry, logits.value().data<T>(), labels.data<std::int32_t>(),
                                           weights.data<R>(), loss.mutable_data<R>(), log_sum_exp.mutable_data<R>(),
                                           weight_sum.mutable_data<R>(), scratch.data());
  });
  return record(
      op, loss, {&logits},
      [geometry, x = logits.value(), labels, weights, log_sum_exp, weight_sum](Tensor dy, Gradients& gradients) {
        Tensor dx = Tensor::empty(x.shape(), x.dtype(), x.device());
        dispatch(exec_of(dx), x.dtype(), op, [&]<class Device, class T>() {
          using R = Master<T>;
          kernels::CrossEntropy<Device>::backward(exec_of(dx), geometry, x.data<T>(), labels.data<std::int32_t>(),
                                                  weights.data<R>(), log_sum_exp.data<R>(), weight_sum.data<R>(),
                                                  dy.data<R>(), dx.mutable_data<T>());
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
  dispatch(exec_of(losses), logits.dtype(), op, [&]<class Device, class T>() {
    using R = Master<T>;
    kernels::CrossEntropy<Device>::rows_forward(exec_of(losses), geometry, logits.value().data<T>(),
                                                labels.data<std::int32_t>(), weights.data<R>(),
                                                losses.mutable_data<R>(), log_sum_exp.mutable_data<R>());
  });
  return record(op, losses, {&logits},
                [geometry, x = logits.value(), labels, weights, log_sum_exp](Tensor dy, Gradients& gradients) {
                  Tensor dx = Tensor::empty(x.shape(), x.dtype(), x.device());
                  dispatch(exec_of(dx), x.dtype(), op, [&]<class Device, class T>() {
                    using R = Master<T>;
                    kernels::CrossEntropy<Device>::rows_backward(
                        exec_of(dx), geometry, x.data<T>(), labels.data<std::int32_t>(), weights.data<R>(),
                        log_sum_exp.data<R>(), dy.data<R>(), dx.mutable_data<T>());
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
  const Exec exec = exec_of(loss);
  dispatch(exec, x.dtype(), op, [&]<class Device, class T>() {
    const std::int64_t n = x.value().size();
    const Scratch scratch(device, kernels::MeanSquaredError<Device>::template forward_scratch_bytes<T>(exec, n));
    kernels::MeanSquaredError<Device>::forward(exec, n, x.value().data<T>(), target.value().data<T>(),
                                               loss.mutable_data<Master<T>>(), scratch.data());
  });
  const auto derivative = [](const Tensor& in, const Tensor& beside, const Tensor& dy) {
    Tensor dx = Tensor::empty(in.shape(), in.dtype(), in.device());
    dispatch(exec_of(dx), in.dtype(), op, [&]<class Device, class T>() {
      kernels::MeanSquaredError<Device>::backward(exec_of(dx), in.size(), in.data<T>(), beside.data<T>(),
                                                  dy.data<Master<T>>(), dx.mutable_data<T>());
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
