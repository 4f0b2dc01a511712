// SPDX-License-Identifier: Apache-2.0
#include <sluice/core/ops/meter.h>

#include <cmath>

#include <sluice/kernels/meter.h>
#include <sluice/kernels/runtime/dispatch.h>

namespace sluice {
namespace {

constexpr const char* kName = "training meter";

void check_loss(const Tensor& loss) {
  require(loss.defined() && loss.size() == 1 && (loss.dtype() == DType::f32 || loss.dtype() == DType::f64), kName,
          "expects a scalar in f32 or f64, got ", name_of(loss.dtype()), loss.shape());
}

}  // namespace

double* TrainingMeter::sums_on(Device device) {
  if (!sums_.defined()) sums_ = Tensor::zeros({kernels::kMeterSize}, DType::f64, device);
  require(sums_.device() == device, kName, "counts on ", sums_.device(), ", got a batch on ", device);
  return sums_.mutable_data<double>();
}

void TrainingMeter::add(const Tensor& loss, const Tensor& logits, const Tensor& labels, double level) {
  add_part(loss, logits, labels);
  close_batch(loss, level);
}

void TrainingMeter::add_part(const Tensor& loss, const Tensor& logits, const Tensor& labels) {
  check_loss(loss);
  const Shape& shape = logits.shape();
  require(shape.rank() == 2 && shape[1] > 0, kName, "logits expect [N,C], got ", shape);
  require_one_device(kName, {&logits, &loss, &labels});
  require(labels.dtype() == DType::i32 && labels.shape() == Shape{shape[0]}, kName, "labels expect i32[", shape[0],
          "], got ", name_of(labels.dtype()), labels.shape());
  require(loss.dtype() == master_dtype(logits.dtype()), kName, "expects a loss in ",
          name_of(master_dtype(logits.dtype())), " beside these logits, got ", name_of(loss.dtype()));
  double* sums = sums_on(logits.device());
  dispatch(exec_of(logits), logits.dtype(), kName, [&]<class Device, class T>() {
    kernels::Meter<Device>::add_images(exec_of(logits), shape[0], shape[1], loss.data<Master<T>>(), logits.data<T>(),
                                       labels.data<std::int32_t>(), sums);
  });
}

void TrainingMeter::add(const Tensor& loss, const Tensor& logits, const Tensor& labels, const Tensor& level) {
  add_part(loss, logits, labels);
  close_batch(loss, level);
}

void TrainingMeter::close_batch(const Tensor& mean_loss, double level) {
  require(std::isfinite(level) && level >= 0, kName, "expects a finite flood level of at least 0, got ", level);
  close_batch(mean_loss, Tensor::full({}, level, DType::f64, mean_loss.device()));
}

void TrainingMeter::close_batch(const Tensor& mean_loss, const Tensor& level) {
  check_loss(mean_loss);
  require(level.defined() && level.size() == 1 && level.dtype() == DType::f64 && level.device() == mean_loss.device(),
          kName, "expects a flood level in f64 on ", mean_loss.device(), ", got ", name_of(level.dtype()),
          level.shape(), " on ", level.device());
  double* sums = sums_on(mean_loss.device());
  const Exec exec = exec_of(mean_loss);
  dispatch_master(exec, mean_loss.dtype(), kName, [&]<class Device, class T>() {
    kernels::Meter<Device>::add_batch(exec, level.data<double>(), mean_loss.data<T>(), sums);
  });
}

void TrainingMeter::close_batch(const Tensor& flooded) {
  check_loss(flooded);
  double* sums = sums_on(flooded.device());
  const Exec exec = exec_of(flooded);
  dispatch_master(exec, flooded.dtype(), kName,
                  [&]<class Device, class T>() { kernels::Meter<Device>::add_flooded(exec, flooded.data<T>(), sums); });
}

TrainingMeter::Reading TrainingMeter::read() const {
  const std::vector<double> sums =
      sums_.defined() ? sums_.to_vector<double>() : std::vector<double>(std::size_t{kernels::kMeterSize});
  const double images = sums[kernels::kMeterImages];
  const double batches = sums[kernels::kMeterBatches];
  return {.mean_loss = sums[kernels::kMeterLoss] / images,
          .accuracy = sums[kernels::kMeterCorrect] / images,
          .flooded_fraction = sums[kernels::kMeterFlooded] / batches,
          .batches = static_cast<std::int64_t>(batches),
          .images = static_cast<std::int64_t>(images)};
}

void TrainingMeter::reset() { sums_.fill_zero(); }

void TrainingMeter::load_state(const Tensor& state) {
  require(!state.defined() || (state.dtype() == DType::f64 && state.shape() == Shape{kernels::kMeterSize}), kName,
          "expects a state f64[", int{kernels::kMeterSize}, "], got ", name_of(state.dtype()), state.shape());
  sums_ = state.clone();
}

}  // namespace sluice
