// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/batch_norm.h>

#include <sluice/core/ops/batch_norm_tail.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice::ops {
namespace {

using kernels::BatchNormChannels;
using kernels::BatchNormGeometry;
using kernels::BatchNormMoments;
using kernels::BatchNormStatisticsOf;
using kernels::BatchNormTail;

void check(const char* op, BatchNormTail tail, const Variable& x, const Variable& residual, const Variable& weight,
           const Variable& bias, const BatchNormStatistics& statistics, const BatchNormOptions& options) {
  const Shape& shape = x.shape();
  require_one_device(op, {&x.value(), &residual.value(), &weight.value(), &bias.value(), &statistics.running_mean,
                          &statistics.running_var, &options.moments.values});
  require(shape.rank() == 2 || shape.rank() == 4, op, "x expects [N,C] or [N,H,W,C], got ", shape);
  const auto expect_channels = [&](const Tensor& tensor, const char* what) {
    require(tensor.defined() && tensor.shape() == Shape{shape[-1]} && tensor.dtype() == master_dtype(x.dtype()), op,
            what, " expects ", name_of(master_dtype(x.dtype())), "[", shape[-1], "], got ", name_of(tensor.dtype()),
            tensor.shape(), "; x is ", shape);
  };
  expect_channels(weight.value(), "weight");
  expect_channels(bias.value(), "bias");
  expect_channels(statistics.running_mean, "running mean");
  expect_channels(statistics.running_var, "running variance");
  require(tail != BatchNormTail::add_relu || (residual.shape() == shape && residual.dtype() == x.dtype()), op,
          "residual expects ", name_of(x.dtype()), shape, ", got ", name_of(residual.dtype()), residual.shape());
  require(options.epsilon > 0, op, "epsilon expects more than 0, got ", options.epsilon);
  require(options.momentum >= 0 && options.momentum <= 1, op, "momentum expects 0 to 1, got ", options.momentum);
  const BatchMoments& moments = options.moments;
  if (moments.defined()) {
    const std::int64_t rows = shape.size() / std::max<std::int64_t>(shape[-1], 1);
    require(moments.run > 0 && moments.values.shape() == Shape{2, (rows + moments.run - 1) / moments.run, shape[-1]} &&
                moments.values.dtype() == master_dtype(x.dtype()),
            op, "moments expect runs of x ", shape, ", got ", name_of(moments.values.dtype()), moments.values.shape(),
            " by ", moments.run, " rows");
  }
  require(options.mode == Mode::eval || shape.size() != shape[-1], op,
          "expects more than one value a channel in train mode, got x of shape ", shape);
}

// What the way back needs to know; tensors share the elements.
struct Saved {
  BatchNormGeometry geometry;
  BatchNormStatisticsOf statistics;
  Tensor x, y, mean, inverse_deviation, weight, bias;

  template <class T>
  BatchNormChannels<Master<T>> channels() const {
    using M = Master<T>;
    return {mean.data<M>(), inverse_deviation.data<M>(), weight.data<M>(), bias.data<M>()};
  }
};

template <class Device, class T>
void forward(Saved& saved, BatchNormTail tail, const Tensor& residual, BatchNormStatistics& statistics,
             const BatchNormOptions& options, Tensor& y) {
  using M = Master<T>;
  const Exec exec = exec_of(saved.x);
  const BatchNormGeometry& g = saved.geometry;
  M* running_mean = statistics.running_mean.mutable_data<M>();
  M* running_variance = statistics.running_var.mutable_data<M>();
  M* mean = saved.mean.mutable_data<M>();
  M* inverse_deviation = saved.inverse_deviation.mutable_data<M>();
  const T* x = saved.x.data<T>();
  const BatchMoments& moments = options.moments;
  if (options.mode == Mode::train && moments.defined()) {
    kernels::BatchNorm<Device>::template statistics_of_moments<T>(
        exec, g, BatchNormMoments<M>{moments.values.data<M>(), moments.run}, options.epsilon, options.momentum,
        running_mean, running_variance, mean, inverse_deviation);
  } else if (options.mode == Mode::train) {
    const Scratch scratch(exec.device, kernels::BatchNorm<Device>::template scratch_bytes<T>(exec, g));
    kernels::BatchNorm<Device>::statistics(exec, g, x, options.epsilon, options.momentum, running_mean,
                                           running_variance, mean, inverse_deviation, scratch.data());
  } else {
    kernels::BatchNorm<Device>::template running_statistics<T>(exec, g.channels, options.epsilon, running_mean,
                                                               running_variance, mean, inverse_deviation);
  }
  kernels::BatchNorm<Device>::apply(exec, g, tail, saved.channels<T>(), x, residual.data<T>(), y.mutable_data<T>());
}

// Inputs in the order x, weight, bias, residual.
template <class Device, class T>
void backward(const Saved& saved, BatchNormTail tail, Tensor dy, Gradients& gradients) {
  using M = Master<T>;
  const Exec exec = exec_of(saved.x);
  const BatchNormGeometry& g = saved.geometry;
  const auto room = [](const Tensor& arrived) {
    return arrived.unique() ? arrived : Tensor::empty(arrived.shape(), arrived.dtype(), arrived.device());
  };
  Tensor dweight = Tensor::empty({g.channels}, dtype_of<M>, exec.device);
  Tensor dbias = Tensor::empty({g.channels}, dtype_of<M>, exec.device);
  const bool masks = tail == BatchNormTail::add_relu;
  Tensor dz = masks ? room(dy) : dy;
  {
    const Scratch scratch(exec.device, kernels::BatchNorm<Device>::template scratch_bytes<T>(exec, g));
    kernels::BatchNorm<Device>::backward_sums(exec, g, tail, saved.channels<T>(), saved.x.data<T>(), saved.y.data<T>(),
                                              dy.data<T>(), dz.mutable_data<T>(), dweight.mutable_data<M>(),
                                              dbias.mutable_data<M>(), scratch.data());
  }
  dy = {};
  if (masks) gradients.add(3, dz);
  if (gradients.wants(0)) {
    Tensor dx = room(dz);
    kernels::BatchNorm<Device>::backward_input(exec, g, tail, saved.statistics, saved.channels<T>(), dweight.data<M>(),
                                               dbias.data<M>(), saved.x.data<T>(), dz.data<T>(), dx.mutable_data<T>());
    dz = {};
    gradients.add(0, std::move(dx));
  }
  gradients.add(1, std::move(dweight));
  gradients.add(2, std::move(dbias));
}

}  // namespace

Variable batch_norm_with_tail(const char* name, BatchNormTail tail, const Variable& x, const Variable& residual,
                              const Variable& weight, const Variable& bias, BatchNormStatistics& statistics,
                              const BatchNormOptions& options) {
  check(name, tail, x, residual, weight, bias, statistics, options);
  const Device device = x.value().device();
  const std::int64_t channels = x.shape()[-1];
  const Shape per_channel{channels};
  const DType master = master_dtype(x.dtype());
  Tensor y = Tensor::empty(x.shape(), x.dtype(), device);
  Saved saved{.geometry = {channels == 0 ? 0 : y.size() / channels, channels},
              .statistics = options.mode == Mode::train ? BatchNormStatisticsOf::batch : BatchNormStatisticsOf::running,
              .x = x.value(),
              .y = tail == BatchNormTail::add_relu ? y : Tensor{},
              .mean = Tensor::empty(per_channel, master, device),
              .inverse_deviation = Tensor::empty(per_channel, master, device),
              .weight = weight.value(),
              .bias = bias.value()};
  dispatch(exec_of(y), x.dtype(), name,
           [&]<class Device, class T>() { forward<Device, T>(saved, tail, residual.value(), statistics, options, y); });
  return record(name, std::move(y), {&x, &weight, &bias, &residual},
                [name, tail, saved = std::move(saved)](Tensor dy, Gradients& gradients) {
                  dispatch(exec_of(dy), dy.dtype(), name, [&]<class Device, class T>() {
                    backward<Device, T>(saved, tail, std::move(dy), gradients);
                  });
                });
}

Variable batch_norm(const Variable& x, const Variable& weight, const Variable& bias, BatchNormStatistics& statistics,
                    const BatchNormOptions& options) {
  return batch_norm_with_tail("batch_norm", BatchNormTail::none, x, {}, weight, bias, statistics, options);
}

}  // namespace sluice::ops
